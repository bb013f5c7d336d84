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
sealed class CutTransaction(NpgsqlConnection connection, NpgsqlTransaction transaction, ExactCut cut) : IAsyncDisposable
{
    public ExactCut Cut => cut;

    public NpgsqlConnection Connection => connection;

    public static async Task<CutTransaction> BeginAsync(PostgresSource postgres, string fence, CancellationToken cancellation)
    {
        var connection = await postgres.OpenConnectionAsync(cancellation);
        try
        {
            var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellation);
            // Texts of days and numbers come as the comparison expects them, whatever the server's defaults.
            await connection.ExecuteAsync("SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL statement_timeout = 0");
            // TRUNCATE and an ALTER TABLE that rewrites the table empty it for older snapshots too. The reads hold these locks anyway; taken before the
            // snapshot, nobody comes between the two.
            await connection.ExecuteAsync("LOCK TABLE users, events, bets IN ACCESS SHARE MODE");
            var (snapshot, takenAt) = await connection.QuerySingleAsync<(string, DateTime)>(
                "SELECT pg_current_snapshot()::text, clock_timestamp() AT TIME ZONE 'UTC'");
            // After the snapshot, and committed by itself: it follows in the log whatever the snapshot sees, for a
            // transaction is in the log before anybody can see it.
            await using var sender = await postgres.OpenConnectionAsync(cancellation);
            const string Emit = "SELECT pg_logical_emit_message(true, @prefix, @content)::text";
            var lsn = await sender.ExecuteScalarAsync<string>(Emit, new { prefix = Topics.FencePrefix, content = fence });
            var behind = await sender.ExecuteScalarAsync<string>(Emit, new { prefix = Topics.FencePrefix, content = $"behind {fence}" });
            return new CutTransaction(connection, transaction, new ExactCut(PostgresSnapshot.Parse(snapshot), fence, lsn!, behind!, takenAt));
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await transaction.DisposeAsync();
        await connection.DisposeAsync();
    }
}
