using Betting.Brokers;
using Betting.Contracts;
using Betting.Hosting;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;

namespace Betting.Ingest.RabbitMq;

/// <summary>
/// Keeps both queues, the exchange and its binding declared while the worker runs. It works beside the looks of <c>RabbitWatch</c>,
/// because over a slow network declarations take longer than a look may.
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
    public string? Failure =>
        queues.Failure ?? (_trouble is { } trouble && clock.GetElapsedTime(trouble.Since) >= ReportAfter ? trouble.Detail : null);

    /// <summary>
    /// Declares both queues. The exceptions are those of <see cref="RabbitQueues.DeclareAsync"/> for the queue of commands.
    /// </summary>
    /// <param name="connection">An open one.</param>
    /// <param name="isCancelled">As there.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task DeclareAsync(IConnection connection, bool isCancelled, CancellationToken cancellation)
    {
        try
        {
            await queues.DeclareAsync(connection, Topics.Commands, isCancelled, cancellation);
        }
        catch (Exception failure) when (failure is QueueMismatchException or QueueNotMadeException && queues.AreKnown)
        {
            _exchange.HasNoQueue(failure.Message);
            throw;
        }
        _declared = clock.GetTimestamp();
    }

    /// <summary>Begins to declare what is due, unless the call before is still at it.</summary>
    /// <exception cref="QueueMismatchException">The queue of commands had other arguments when it was last declared.</exception>
    /// <exception cref="QueueNotMadeException">It was not there then, and the broker does not make it.</exception>
    public void Ensure(IConnection connection, CancellationToken stopping)
    {
        if (queues.FailureOf(Topics.Commands) is QueueMismatchException or QueueNotMadeException)
        {
            throw queues.FailureOf(Topics.Commands)!;
        }
        if (_ensuring.IsCompleted)
        {
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
                await DeclareAsync(connection, isCancelled: false, either.Token).WaitAsync(either.Token);
            }
            await _exchange.BindAsync(connection, either.Token).WaitAsync(either.Token);
            _trouble = null;
        }
        catch (Exception failure)
        {
            // What is wrong with the queue of commands, the queues tell themselves.
            _trouble = failure is QueueMismatchException or QueueNotMadeException
                ? null
                : new Trouble($"declarations fail: {RabbitTrouble.DetailOf(failure)}", _trouble?.Since ?? clock.GetTimestamp());
        }
    }

    sealed record Trouble(string Detail, long Since);
}
