using System.Net.Sockets;
using Betting.Connections;
using Betting.Hosting;
using Betting.Ingest.Failures;
using Npgsql;

namespace Betting.Ingest.Postgres;

/// <summary>
/// Waits for commits, without a time limit. While one takes long, PostgreSQL is asked through another connection why: a wait for the
/// synchronous standby is an outage of PostgreSQL, and a session that is gone ends the wait.
/// </summary>
public sealed class CommitWatch(PostgresSource postgres, Outages outages, StoreFailures failures, TimeProvider clock)
{
    /// <summary>What readiness and logs say.</summary>
    public const string WaitsForStandby = "the commit waits for the synchronous standby";

    /// <summary>The name under which outages are told.</summary>
    public const string Loop = "commit";

    static readonly TimeSpan Every = TimeSpan.FromSeconds(3),
        AnswerWithin = TimeSpan.FromSeconds(5);

    // Twice: the answer of a commit that has just ended may be on its way.
    const int MostMisses = 2;

    // A role sees what its own sessions wait for. Where one waits at the gate, another one that holds it may wait for the standby.
    const string Question = """
        SELECT coalesce(bool_or(pid = $1 AND coalesce(state NOT LIKE 'idle%', true)), false),
            coalesce(bool_or(wait_event = 'SyncRep' AND coalesce(query_start < clock_timestamp() - interval '2 seconds', true)), false)
        FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()
        """;

    /// <summary>Returns when the commit has ended.</summary>
    /// <param name="commit">The round trip.</param>
    /// <param name="session">Its process in PostgreSQL.</param>
    /// <param name="leave">Ends the wait, not the commit.</param>
    /// <exception cref="CommitNotKnownException">
    /// PostgreSQL has no such session any more: the connection is broken, or another server is the primary now.
    /// </exception>
    public async Task UntilEndedAsync(Task commit, int session, CancellationToken leave)
    {
        var (misses, isTold) = (0, false);
        try
        {
            while (!await HasEndedAsync(commit, leave))
            {
                var (isActive, trouble) = await PollAsync(session, leave);
                misses = isActive ? 0 : misses + 1;
                if (misses == MostMisses && !commit.IsCompleted)
                {
                    throw new CommitNotKnownException("the connection broke at the commit");
                }
                if (trouble is not null)
                {
                    isTold = true;
                    outages.Failed(Stores.Postgres, Loop, trouble);
                }
            }
            if (isTold)
            {
                outages.Succeeded(Stores.Postgres, Loop);
            }
        }
        catch when (isTold)
        {
            // Whoever tries again tells what comes of it.
            outages.Forget(Stores.Postgres, Loop);
            throw;
        }
    }

    async Task<bool> HasEndedAsync(Task commit, CancellationToken leave)
    {
        try
        {
            await commit.WaitAsync(Every, clock, leave);
            return true;
        }
        catch (TimeoutException) when (!commit.IsFaulted)
        {
            // It may have ended in this moment.
            return commit.IsCompletedSuccessfully;
        }
    }

    // Without an answer the session may be there still.
    async Task<(bool IsActive, string? Trouble)> PollAsync(int session, CancellationToken leave)
    {
        using var limit = new CancellationTokenSource(AnswerWithin, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, leave);
        try
        {
            await using var question = await postgres.CreateCommandAsync(Question, either.Token);
            question.Parameters.Add(new NpgsqlParameter<int> { TypedValue = session });
            await using var row = await question.ExecuteReaderAsync(either.Token);
            await row.ReadAsync(either.Token);
            return (row.GetBoolean(0), row.GetBoolean(1) ? WaitsForStandby : null);
        }
        catch (Exception failure)
            when (failure is NpgsqlException or SocketException or TimeoutException or OperationCanceledException or ObjectDisposedException
            )
        {
            leave.ThrowIfCancellationRequested();
            return (true, failures.Recognise(failure)?.Detail ?? "no answer in time");
        }
    }
}
