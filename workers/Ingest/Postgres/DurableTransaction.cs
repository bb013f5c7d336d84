using Betting.Ingest.Failures;
using Npgsql;

namespace Betting.Ingest.Postgres;

/// <summary>
/// A transaction whose effect is acknowledged to somebody: when <see cref="CommitAsync"/> returns, the commit is as durable as PostgreSQL
/// is set up to make it, with synchronous replication on the standby. Disposed without a commit, it has no effect.
/// </summary>
/// <remarks>
/// A cancel request at the COMMIT ends PostgreSQL's wait for the standby: it warns and reports success. So the round trip with the COMMIT
/// has no command timeout and no cancellation token. Why and what else was tried: docs/decisions/synchronous-commit.md.
/// </remarks>
public sealed class DurableTransaction(NpgsqlConnection connection, NpgsqlTransaction transaction, CommitWatch watch) : IAsyncDisposable
{
    // Class 01 is a warning. PostgreSQL gives the one about the standby no code of its own.
    const string Warning = "01";

    Task _commit = Task.CompletedTask;
    string? _warning;
    int _disposed;

    /// <summary>For its statements.</summary>
    public NpgsqlTransaction Transaction => transaction;

    /// <summary>The statements of the last round trip.</summary>
    /// <param name="last">What comes before the COMMIT.</param>
    /// <param name="hasWritten">False where the transaction may have written nothing: the COMMIT then waits for what it has read.</param>
    internal static IReadOnlyList<NpgsqlBatchCommand> Ending(IReadOnlyList<NpgsqlBatchCommand> last, bool hasWritten = true) =>
        hasWritten ? [.. last, new("COMMIT")] : [.. last, new("SELECT setval('durable_reads', 1)"), new("COMMIT")];

    /// <summary>Commits, and returns when the commit is durable.</summary>
    /// <param name="last">Statements of the same round trip, before the COMMIT.</param>
    /// <param name="leave">Ends the wait. A commit that has begun goes on, and nobody may rely on it.</param>
    /// <param name="hasWritten">False where the transaction may have written nothing, and what it has read is acknowledged.</param>
    /// <exception cref="CommitNotKnownException">It may not be durable, or not even be committed.</exception>
    public async Task CommitAsync(IReadOnlyList<NpgsqlBatchCommand> last, CancellationToken leave, bool hasWritten = true)
    {
        leave.ThrowIfCancellationRequested();
        var session = connection.ProcessID;
        _commit = RunAsync(Ending(last, hasWritten));
        await watch.UntilEndedAsync(_commit, session, leave);
        if (_warning is { } warning)
        {
            throw new CommitNotKnownException($"the commit may be on no standby: {warning}");
        }
    }

    /// <summary>Does nothing the second time. A connection whose commit still waits is given back when that has ended.</summary>
    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return ValueTask.CompletedTask;
        }
        if (_commit.IsCompleted)
        {
            return EndAsync();
        }
        _ = EndLaterAsync();
        return ValueTask.CompletedTask;
    }

    async Task RunAsync(IReadOnlyList<NpgsqlBatchCommand> statements)
    {
        connection.Notice += Note;
        try
        {
            await using var batch = StatementBatch.Of(transaction, statements);
            // No limit: at its limit Npgsql sends a cancel request, whatever its Cancellation Timeout.
            batch.Timeout = 0;
            await batch.ExecuteNonQueryAsync(CancellationToken.None);
        }
        finally
        {
            connection.Notice -= Note;
        }
    }

    void Note(object sender, NpgsqlNoticeEventArgs told)
    {
        if (told.Notice.SqlState.StartsWith(Warning, StringComparison.Ordinal))
        {
            _warning ??= told.Notice.MessageText;
        }
    }

    async Task EndLaterAsync()
    {
        // What it ends with concerns nobody any more.
        await _commit.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await EndAsync();
    }

    async ValueTask EndAsync()
    {
        await transaction.DisposeAsync();
        await connection.DisposeAsync();
    }
}
