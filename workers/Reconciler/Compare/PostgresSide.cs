using System.Globalization;
using System.Runtime.CompilerServices;
using Npgsql;

namespace Betting.Reconciler.Compare;

/// <summary>PostgreSQL as its open snapshot shows it.</summary>
sealed class PostgresSide(NpgsqlConnection snapshot) : IBetSide
{
    public string Name => "PostgreSQL";

    public async Task<IReadOnlyList<DayTotals>> TotalsAsync(CancellationToken cancellation)
    {
        await using var command = Command(
            $"""
            SELECT {Columns.PostgresDay}, b.status, count(*), sum(b.amount)::text, coalesce(sum(b.payout), 0)::text,
                sum({Columns.PostgresHash})::text
            FROM {Columns.PostgresSource} GROUP BY 1, 2
            """
        );
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var totals = new List<DayTotals>();
        while (await rows.ReadAsync(cancellation))
        {
            totals.Add(
                new DayTotals(
                    rows.IsDBNull(0) ? null : rows.GetInt64(0),
                    rows.GetString(1),
                    rows.GetInt64(2),
                    decimal.Parse(rows.GetString(3), CultureInfo.InvariantCulture),
                    decimal.Parse(rows.GetString(4), CultureInfo.InvariantCulture),
                    Int128.Parse(rows.GetString(5), CultureInfo.InvariantCulture)
                )
            );
        }
        return totals;
    }

    public async IAsyncEnumerable<RowChecksum> RowsAsync(
        IReadOnlyCollection<long?> days,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        await using var command = Command(
            $"""
            SELECT id, day, checksum FROM (SELECT b.id, {Columns.PostgresDay} AS day, {Columns.PostgresHash} AS checksum
            FROM {Columns.PostgresSource}) AS row
            WHERE day = ANY($1) OR (day IS NULL AND $2) ORDER BY id
            """
        );
        command.Parameters.AddWithValue(days.OfType<long>().ToArray());
        command.Parameters.AddWithValue(days.Contains(null));
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        while (await rows.ReadAsync(cancellation))
        {
            yield return new RowChecksum(rows.GetInt64(0), rows.IsDBNull(1) ? null : rows.GetInt64(1), rows.GetInt64(2));
        }
    }

    public async Task<IReadOnlyDictionary<long, string[]>> ValuesAsync(IReadOnlyCollection<long> bets, CancellationToken cancellation)
    {
        await using var command = Command(
            $"SELECT b.id, {string.Join(", ", Columns.All.Select(column => column.Postgres))} FROM "
                + $"{Columns.PostgresSource} WHERE b.id = ANY($1)"
        );
        command.Parameters.AddWithValue(bets.ToArray());
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var values = new Dictionary<long, string[]>();
        while (await rows.ReadAsync(cancellation))
        {
            values[rows.GetInt64(0)] = [.. Enumerable.Range(1, Columns.All.Count).Select(rows.GetString)];
        }
        return values;
    }

    // A pass over years of bets takes as long as it takes; the run's own cancellation ends it.
    NpgsqlCommand Command(string sql) => new(sql, snapshot) { CommandTimeout = 0 };
}
