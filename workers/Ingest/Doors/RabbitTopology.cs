using Betting.Connections;
using Betting.Hosting;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;

namespace Betting.Ingest.Doors;

/// <summary>
/// Keeps both queues, the exchange and its binding declared while the worker runs. It works beside the looks of <see cref="RabbitWatch"/>, because over
/// a slow network declarations take longer than a look may.
/// </summary>
sealed class RabbitTopology(RabbitQueues queues, Readiness readiness, TimeProvider clock, ILogger log)
{
    // Nobody consumes the dead letters, so nothing tells that their queue is another one.
    static readonly TimeSpan DeclareEvery = TimeSpan.FromSeconds(10);

    static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    // A broker that is away is reported by the looks. What fails for longer while they succeed is reported here.
    static readonly TimeSpan ReportAfter = TimeSpan.FromSeconds(30);

    readonly RabbitExchange _exchange = new(readiness, log);
    Task _ensuring = Task.CompletedTask;
    volatile Trouble? _trouble;
    long _declared;

    /// <summary>Why the queues or the exchange are not as they should be, or are not known to be; null where they are.</summary>
    public string? Failure => _trouble is { } trouble && (trouble.IsRefusal || clock.GetElapsedTime(trouble.Since) >= ReportAfter) ? trouble.Detail : null;

    /// <summary>Declares both queues.</summary>
    /// <param name="connection">An open one.</param>
    /// <param name="isCancelled">As for <see cref="RabbitQueues.DeclareAsync"/>.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="QueueMismatchException">One is there with other arguments.</exception>
    public async Task DeclareAsync(IConnection connection, bool isCancelled, CancellationToken cancellation)
    {
        await queues.DeclareAsync(connection, isCancelled, cancellation);
        _declared = clock.GetTimestamp();
        Declared();
    }

    /// <summary>Begins to declare what is due, unless the call before is still at it.</summary>
    /// <exception cref="QueueMismatchException">The call before found a queue with other arguments.</exception>
    public async Task EnsureAsync(IConnection connection, CancellationToken stopping)
    {
        if (_ensuring.IsCompleted)
        {
            var before = _ensuring;
            _ensuring = Task.CompletedTask;
            await before;
            _ensuring = DeclareAndBindAsync(connection, stopping);
        }
    }

    async Task DeclareAndBindAsync(IConnection connection, CancellationToken stopping)
    {
        using var limit = new CancellationTokenSource(Limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, limit.Token);
        try
        {
            if (clock.GetElapsedTime(_declared) >= DeclareEvery)
            {
                _declared = clock.GetTimestamp();
                await queues.DeclareAsync(connection, isCancelled: false, either.Token).WaitAsync(either.Token);
                Declared();
            }
            await _exchange.BindAsync(connection, either.Token).WaitAsync(either.Token);
            _trouble = _trouble is { IsRefusal: true } refused ? refused : null;
        }
        catch (Exception failure) when (failure is not QueueMismatchException)
        {
            var detail = RabbitTrouble.DetailOf(failure);
            // A refusal of the queues stands until they are declared again.
            if (_trouble is not { IsRefusal: true } || RabbitTrouble.IsRefused(failure))
            {
                _trouble = new Trouble($"declarations fail: {detail}", RabbitTrouble.IsRefused(failure), _trouble?.Since ?? clock.GetTimestamp());
            }
        }
    }

    // A refusal of the queues is over. A binding may go on failing.
    void Declared() => _trouble = _trouble is { IsRefusal: true } ? null : _trouble;

    sealed record Trouble(string Detail, bool IsRefusal, long Since);
}
