using Betting.Connections;
using Betting.Contracts;
using Betting.Debezium;
using Dapper;
using Npgsql;

namespace Betting.Reconciler.Cut;

/// <summary>
/// A REPEATABLE READ transaction that stays open for the whole run, so that everything read from it is one moment. It holds
/// back vacuum for so long, and nothing else.
/// </summary>
sealed class CutTransaction(NpgsqlConnection connection, NpgsqlTransaction transaction, ExactCut cut, string files) : IAsyncDisposable
{
    // The files that hold the tables' rows. TRUNCATE, and an ALTER TABLE that rewrites a table, give it others, and older snapshots find it
    // empty.
    const string Files = """
        SELECT string_agg(pg_relation_filenode(part)::text, ' ' ORDER BY part::oid)
        FROM unnest('{users,events,bets}'::regclass[]) AS source, LATERAL (SELECT source UNION SELECT relid
            FROM pg_partition_tree(source)) AS parts (part)
        """;

    public ExactCut Cut => cut;

    public NpgsqlConnection Connection => connection;

    public static async Task<CutTransaction> BeginAsync(PostgresSource postgres, string fence, CancellationToken cancellation)
    {
        var connection = await postgres.OpenConnectionAsync(cancellation);
        try
        {
            await using var sender = await postgres.OpenConnectionAsync(cancellation);
            // Before the snapshot, so that no table is emptied between the two.
            var files = await sender.ExecuteScalarAsync<string>(Files);
            var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellation);
            // Texts of days and numbers come as the comparison expects them, whatever the server's defaults.
            await connection.ExecuteAsync("SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL statement_timeout = 0");
            var (snapshot, takenAt) = await connection.QuerySingleAsync<(string, DateTime)>(
                "SELECT pg_current_snapshot()::text, clock_timestamp() AT TIME ZONE 'UTC'"
            );
            // After the snapshot, and committed by itself: it follows in the log whatever the snapshot sees, for a
            // transaction is in the log before anybody can see it.
            const string Emit = "SELECT pg_logical_emit_message(true, @prefix, @content)::text";
            var lsn = await sender.ExecuteScalarAsync<string>(Emit, new { prefix = Topics.FencePrefix, content = fence });
            var behind = await sender.ExecuteScalarAsync<string>(Emit, new { prefix = Topics.FencePrefix, content = $"behind {fence}" });
            return new CutTransaction(
                connection,
                transaction,
                new ExactCut(PostgresSnapshot.Parse(snapshot), fence, lsn!, behind!, takenAt),
                files!
            );
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>To be called before the tables are read: from then on nobody can empty them.</summary>
    /// <param name="cancellation">Ends the wait for their locks.</param>
    /// <exception cref="CouldNotCompareException">
    /// A table was truncated or rewritten since the cut, so the cut's snapshot finds it empty; or somebody holds a lock that excludes
    /// reads.
    /// </exception>
    public async Task BeginReadsAsync(CancellationToken cancellation)
    {
        try
        {
            // The reads hold these locks anyway.
            await connection.ExecuteAsync(
                new CommandDefinition(
                    "SET LOCAL lock_timeout = '1min'; LOCK TABLE users, events, bets IN ACCESS SHARE MODE",
                    commandTimeout: 0,
                    cancellationToken: cancellation
                )
            );
        }
        catch (PostgresException locked) when (locked.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new CouldNotCompareException(
                "another session has locked users, events or bets for a minute (an ALTER TABLE in a transaction that is still open?); "
                    + "run it again when that has ended",
                locked
            );
        }
        if (await connection.ExecuteScalarAsync<string>(Files) != files)
        {
            throw new CouldNotCompareException(
                "a table was truncated or rewritten (TRUNCATE, ALTER TABLE, VACUUM FULL) while the run waited for ClickHouse; run it again"
            );
        }
    }

    public async ValueTask DisposeAsync()
    {
        await transaction.DisposeAsync();
        await connection.DisposeAsync();
    }
}
