using Betting.Ingest.Decide;
using Npgsql;

namespace Betting.Ingest.Parking.Tables;

/// <summary>What has come, and since when; null where nobody knows.</summary>
readonly record struct OpenRelease(WaitKey Key, DateTime? CameAt);

/// <summary>The table <c>releases</c>: what has come while more waited for it than one transaction releases.</summary>
static class OpenReleases
{
    /// <summary>Whether there is any.</summary>
    public static NpgsqlBatchCommand Any() => new("SELECT EXISTS (SELECT FROM releases)");

    /// <summary>One transaction at a time releases, and each goes on with the last one opened.</summary>
    public static IReadOnlyList<NpgsqlBatchCommand> LockLast() =>
        [
            // Any two numbers but the gate's: "park", "free". A statement of its own, so that the next sees what the one before left.
            new("SELECT pg_advisory_xact_lock(1885434475, 1718773093)"),
            new("SELECT waits_for, waits_id, came_at FROM releases ORDER BY release_id DESC LIMIT 1"),
        ];

    public static async Task<OpenRelease?> ReadLastAsync(NpgsqlDataReader rows, CancellationToken cancellation)
    {
        await rows.NextResultAsync(cancellation);
        return await rows.ReadAsync(cancellation)
            ? new OpenRelease(
                new WaitKey(WaitForText.Read(rows.GetString(0))!.Value, rows.GetInt64(1)),
                await rows.IsDBNullAsync(2, cancellation) ? null : rows.GetDateTime(2)
            )
            : null;
    }

    /// <summary>Nobody waits for <paramref name="key"/> any more.</summary>
    public static NpgsqlBatchCommand End(WaitKey key) =>
        new("DELETE FROM releases WHERE waits_for = $1 AND waits_id = $2")
        {
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = WaitForText.Of(key.For) },
                new NpgsqlParameter<long> { TypedValue = key.Id },
            },
        };
}
