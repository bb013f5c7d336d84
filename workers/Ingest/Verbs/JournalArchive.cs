using Betting.Connections;
using Npgsql;

namespace Betting.Ingest.Verbs;

/// <summary>
/// Moves old rows of the journal to <c>commands_archive</c>, a range of pages at a time. Needs the rights of the tables' owner:
/// the role that applies commands may not delete what it has decided.
/// </summary>
public sealed class JournalArchive(PostgresSource postgres, TimeProvider clock)
{
    /// <summary>1 MiB of the journal: some 6,000 rows, moved in well under 100 ms.</summary>
    const int PagesAtOnce = 128;

    // Batches wait for the end of the move before their snapshot is taken, so none can find an id in neither table. It waits
    // for those in hand in turn, but not so long that the ones behind it are held up.
    static readonly string[] Guard =
    [
        "BEGIN ISOLATION LEVEL READ COMMITTED",
        "SET LOCAL lock_timeout = '2s'",
        "LOCK TABLE commands IN SHARE ROW EXCLUSIVE MODE",
    ];

    const string Old =
        "FROM commands WHERE ctid >= format('(%s,0)', $1)::tid AND ctid < format('(%s,0)', $2)::tid AND applied_at < "
        + "$3 AND outcome <> 'parked'";

    const string Move = $"""
        WITH moved AS (DELETE {Old} RETURNING command_id, kind, payload_hash, outcome, reason, bet_id, user_id, event_id, issued_at,
        applied_at)
        INSERT INTO commands_archive SELECT * FROM moved
        """;

    /// <param name="before">Rows applied before this moment move; parked ones never do.</param>
    /// <param name="isTrial">Counts and moves nothing.</param>
    /// <param name="progress">Share of the journal looked through, 0 to 1, and rows moved so far.</param>
    /// <param name="cancellation">Ends it between two ranges; what was moved stays moved, and the next run goes on.</param>
    /// <returns>How many rows moved, or would.</returns>
    public async Task<long> RunAsync(
        DateTimeOffset before,
        bool isTrial,
        IProgress<(double Share, long Rows)> progress,
        CancellationToken cancellation
    )
    {
        await using var connection = await postgres.OpenConnectionAsync(cancellation);
        var pages = await PagesAsync(connection, cancellation);
        long rows = 0;
        for (long page = 0; page < pages; page += PagesAtOnce)
        {
            var began = clock.GetTimestamp();
            rows += isTrial
                ? await CountAsync(connection, page, before, cancellation)
                : await MoveAsync(connection, page, before, cancellation);
            progress.Report((Math.Min(1, (page + PagesAtOnce) / (double)pages), rows));
            if (!isTrial)
            {
                // As long a pause as the work took: those who bet come first.
                await Task.Delay(clock.GetElapsedTime(began), clock, cancellation);
            }
        }
        return rows;
    }

    static async Task<long> PagesAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "SELECT pg_relation_size('commands') / current_setting('block_size')::bigint",
            connection
        );
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    static async Task<long> CountAsync(NpgsqlConnection connection, long page, DateTimeOffset before, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand($"SELECT count(*) {Old}", connection);
        AddTo(command.Parameters, page, before);
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    // One request from lock to commit: a process that stands still in between would hold up every batch.
    static async Task<long> MoveAsync(NpgsqlConnection connection, long page, DateTimeOffset before, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        foreach (var statement in Guard)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(statement));
        }
        var move = new NpgsqlBatchCommand(Move);
        AddTo(move.Parameters, page, before);
        batch.BatchCommands.Add(move);
        batch.BatchCommands.Add(new NpgsqlBatchCommand("COMMIT"));
        await batch.ExecuteNonQueryAsync(cancellation);
        return (long)move.RecordsAffected;
    }

    static void AddTo(NpgsqlParameterCollection parameters, long page, DateTimeOffset before)
    {
        parameters.AddWithValue(page);
        parameters.AddWithValue(page + PagesAtOnce);
        parameters.AddWithValue(before.UtcDateTime);
    }
}
