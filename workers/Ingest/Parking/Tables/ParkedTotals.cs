using Betting.Connections;
using Npgsql;

namespace Betting.Ingest.Parking.Tables;

/// <summary>What the table of parked commands tells of itself, and PostgreSQL's clock.</summary>
/// <param name="Waiting">Exact up to <see cref="ParkedTotals.Counted"/>, above that PostgreSQL's own running count.</param>
/// <param name="OldestAge">How long the command waits that is due first.</param>
/// <param name="Quarantined">Commands that cannot be released, counted up to the same bound.</param>
/// <param name="Example">One of these and why, or null.</param>
/// <param name="Now">PostgreSQL's clock, UTC.</param>
public readonly record struct ParkedSummary(long Waiting, TimeSpan OldestAge, long Quarantined, string? Example, DateTime Now);

/// <summary>Reads a <see cref="ParkedSummary"/> at a cost that does not grow with the table.</summary>
public static class ParkedTotals
{
    /// <summary>Rows that are counted one by one at most.</summary>
    public const int Counted = 10_000;

    const string Query = """
        SELECT (SELECT count(*) FROM (SELECT FROM parked_commands LIMIT $1) x),
               pg_stat_get_live_tuples('parked_commands'::regclass),
               (SELECT extract(epoch FROM clock_timestamp() - parked_at)::double precision FROM parked_commands
                WHERE quarantined_because IS NULL ORDER BY deadline LIMIT 1),
               (SELECT count(*) FROM (SELECT FROM parked_commands WHERE quarantined_because IS NOT NULL LIMIT $1) x),
               (SELECT command_id || ': ' || quarantined_because FROM parked_commands WHERE quarantined_because IS NOT NULL
                   ORDER BY parked_at DESC LIMIT 1),
               clock_timestamp()
        """;

    public static async Task<ParkedSummary> ReadAsync(PostgresSource postgres, CancellationToken cancellation)
    {
        await using var command = await postgres.CreateCommandAsync(Query, cancellation);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = Counted });
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        await rows.ReadAsync(cancellation);
        var counted = rows.GetInt64(0);
        return new ParkedSummary(
            counted < Counted ? counted : Math.Max(counted, rows.GetInt64(1)),
            await rows.IsDBNullAsync(2, cancellation) ? TimeSpan.Zero : TimeSpan.FromSeconds(Math.Max(0, rows.GetDouble(2))),
            rows.GetInt64(3),
            await rows.IsDBNullAsync(4, cancellation) ? null : rows.GetString(4),
            rows.GetDateTime(5)
        );
    }
}
