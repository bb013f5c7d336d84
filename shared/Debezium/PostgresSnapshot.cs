using System.Globalization;

namespace Betting.Debezium;

/// <summary>
/// Which transactions a PostgreSQL snapshot sees, as <c>pg_current_snapshot()</c> tells it: <c>xmin:xmax:xip,xip…</c>, 64-bit ids.
/// </summary>
/// <param name="XMin">Everything below has ended.</param>
/// <param name="XMax">Nothing from here on has begun to be seen.</param>
/// <param name="InProgress">Between the two: ids that were still running.</param>
public sealed record PostgresSnapshot(ulong XMin, ulong XMax, IReadOnlySet<ulong> InProgress)
{
    /// <exception cref="FormatException"><paramref name="text"/> is no snapshot.</exception>
    public static PostgresSnapshot Parse(string text)
    {
        var parts = text.Split(':');
        if (parts.Length != 3)
        {
            throw new FormatException($"'{text}' is no snapshot: expected xmin:xmax:xip,…");
        }
        var running = parts[2].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Id).ToHashSet();
        return new PostgresSnapshot(Id(parts[0]), Id(parts[1]), running);
    }

    /// <summary>Whether what this transaction did is part of the snapshot.</summary>
    /// <param name="transaction">
    /// A 32-bit id, as change records carry it. Ids come round every four thousand million transactions, so it means the one
    /// nearest to the snapshot: the caller knows by other means (LSN, commit time) where that could be the wrong one.
    /// </param>
    public bool Sees(uint transaction)
    {
        var id = Widen(transaction);
        return id < XMin || (id < XMax && !InProgress.Contains(id));
    }

    /// <summary>The 64-bit id nearest to the snapshot that ends in these 32 bits.</summary>
    public ulong Widen(uint transaction)
    {
        var distance = unchecked((int)(transaction - (uint)XMax));
        return distance < 0 && XMax < (ulong)-(long)distance ? transaction : XMax + (ulong)(long)distance;
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{XMin}:{XMax}:{string.Join(',', InProgress.Order())}");

    static ulong Id(string text) => ulong.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}
