using System.Net.Sockets;
using Betting.Connections;
using Betting.Hosting;
using Npgsql;

namespace Betting.Ingest.Failures;

/// <summary>
/// An attempt that takes long waits for locks, or for a server that does not answer: so a plain question is put beside it. On a slow
/// machine both take long, which is no outage.
/// </summary>
sealed class WatchedAttempt : IDisposable
{
    static readonly TimeSpan Long = TimeSpan.FromSeconds(3),
        AnswerWithin = TimeSpan.FromSeconds(5);

    readonly PostgresSource _postgres;
    readonly Action<string> _failed;
    readonly StoreFailures _failures;
    readonly TimeProvider _clock;
    readonly CancellationTokenSource _over = new();
    readonly ITimer _timer;
    readonly CancellationTokenRegistration _registration;

    /// <param name="postgres">Asked.</param>
    /// <param name="failed">Told why no answer came.</param>
    /// <param name="failures">Describes why.</param>
    /// <param name="clock">Intervals.</param>
    /// <param name="abandoned">Ends the question like the end of the attempt.</param>
    public WatchedAttempt(
        PostgresSource postgres,
        Action<string> failed,
        StoreFailures failures,
        TimeProvider clock,
        CancellationToken abandoned
    )
    {
        (_postgres, _failed, _failures, _clock) = (postgres, failed, failures, clock);
        _registration = abandoned.UnsafeRegister(_ => _over.Cancel(), null);
        _timer = clock.CreateTimer(_ => _ = AskAsync(), null, Long, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The attempt has ended; what becomes of the question does not count any more.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        _registration.Unregister();
        _over.Cancel();
    }

    async Task AskAsync()
    {
        using var limit = new CancellationTokenSource(AnswerWithin, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _over.Token);
        try
        {
            await using var question = await _postgres.CreateCommandAsync("SELECT 1", either.Token);
            await question.ExecuteNonQueryAsync(either.Token);
        }
        catch (Exception failure)
            when (failure is NpgsqlException or SocketException or TimeoutException or OperationCanceledException or ObjectDisposedException
            )
        {
            if (!_over.IsCancellationRequested)
            {
                _failed(_failures.Recognise(failure)?.Detail ?? "no answer in time");
            }
        }
    }
}
