using Betting.Brokers;
using Betting.Contracts;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Betting.Ingest.RabbitMq;

/// <summary>
/// Makes RabbitMQ's queues of commands and of dead letters where they are not there, and reports one that was deleted with what it held. A
/// queue that is another one than it should be ends the worker at its start. Later it is an outage, because the worker may hold what
/// nothing else has; and what is wrong with one of the queues keeps nobody from using the other one.
/// </summary>
public sealed class RabbitQueues(IOptions<IngestOptions> options, IngestMetrics metrics, TimeProvider clock, ILogger<RabbitQueues> log)
    : IDisposable
{
    static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5),
        Pause = TimeSpan.FromMilliseconds(250);

    // Who watches and who sends dead letters find the same deletion; it is reported once.
    readonly SemaphoreSlim _one = new(1);
    volatile IReadOnlyDictionary<string, Exception> _failures = new Dictionary<string, Exception>();
    volatile IReadOnlyList<string> _missing = [];
    volatile bool _isKnown,
        _isReported;
    int _deletions;

    /// <summary>Looks after both queues.</summary>
    /// <param name="connection">An open one.</param>
    /// <param name="needed">The queue that the caller uses.</param>
    /// <param name="isCancelled">
    /// True where the broker has cancelled a consumer of the queue of commands: a quorum queue was deleted then, also where somebody has
    /// declared it again since. A classic queue may come back with its node.
    /// </param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="QueueMismatchException">That one has other arguments; before both were right, any one.</exception>
    /// <exception cref="QueueNotMadeException">
    /// That one is not there, and the broker does not make it; before both were right, any one.
    /// </exception>
    /// <exception cref="OperationInterruptedException">
    /// The broker refuses to let this user make it, and it is not there or was never right.
    /// </exception>
    public async Task DeclareAsync(IConnection connection, string needed, bool isCancelled, CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            var found = await FindAsync(connection, cancellation);
            var deleted = CommandQueue.Deleted(found, _isKnown).ToHashSet(StringComparer.Ordinal);
            if (isCancelled && !_isReported && options.Value.Queue == QueueKind.Quorum)
            {
                deleted.Add(Topics.Commands);
            }
            var failures = await DeclareBothAsync(connection, cancellation);
            // One that was as it should be was deleted since.
            deleted.UnionWith(
                failures
                    .Where(each => _isKnown && each.Value is QueueMismatchException && !IsDifferentQueue(each.Key))
                    .Select(each => each.Key)
            );
            // Reported once, until it is there again.
            deleted.ExceptWith(_missing);
            // Somebody else who declares may have met the deletion before.
            _isReported = _isReported || deleted.Contains(Topics.Commands);
            _failures = failures;
            _missing = [.. failures.Keys.Where(queue => !found.Contains(queue))];
            Report(deleted);
            if (failures.Count > 0 && !_isKnown)
            {
                throw failures.Values.First();
            }
            if (failures.TryGetValue(needed, out var failure) && !(found.Contains(needed) && RabbitTrouble.IsRefused(failure)))
            {
                throw failure;
            }
            _isKnown = true;
        }
        finally
        {
            _one.Release();
        }
    }

    async Task<IReadOnlySet<string>> FindAsync(IConnection connection, CancellationToken cancellation)
    {
        var found = await CommandQueue.FindAsync(connection, cancellation);
        // Somebody else may make both now: the one is there, and the other one will be in a moment.
        for (var began = clock.GetTimestamp(); !_isKnown && found.Count == 1 && clock.GetElapsedTime(began) < Timeout; )
        {
            await Task.Delay(Pause, clock, cancellation);
            found = await CommandQueue.FindAsync(connection, cancellation);
        }
        return found;
    }

    // What is wrong with each. Before both were right, nothing is made beside one that is wrong: Ingest:Queue may be.
    async Task<IReadOnlyDictionary<string, Exception>> DeclareBothAsync(IConnection connection, CancellationToken cancellation)
    {
        var failures = new Dictionary<string, Exception>(StringComparer.Ordinal);
        foreach (var queue in CommandQueue.Names.TakeWhile(_ => _isKnown || failures.Count == 0))
        {
            try
            {
                await CommandQueue.DeclareAsync(connection, queue, options.Value.Queue, cancellation);
            }
            catch (Exception failure) when (failure is QueueMismatchException or QueueNotMadeException || RabbitTrouble.IsRefused(failure))
            {
                failures.Add(queue, failure);
            }
        }
        return failures;
    }

    void Report(HashSet<string> deleted)
    {
        foreach (var queue in deleted)
        {
            metrics.QueueDeleted(queue);
            IngestLog.QueueDeleted(log, queue);
        }
        if (deleted.Contains(Topics.Commands))
        {
            Interlocked.Increment(ref _deletions);
        }
    }

    /// <summary>True once both queues were as they should be.</summary>
    public bool AreKnown => _isKnown;

    /// <summary>What was wrong when the queues were last declared, with any of them; null: nothing.</summary>
    public string? Failure =>
        _failures is { Count: > 0 } failures ? string.Join("; ", failures.Values.Select(RabbitTrouble.DetailOf)) : null;

    /// <summary>What was wrong with this one then.</summary>
    public Exception? FailureOf(string queue) => _failures.GetValueOrDefault(queue);

    bool IsDifferentQueue(string queue) => FailureOf(queue) is QueueMismatchException;

    /// <summary>How often the queue of commands was found deleted, whoever looked.</summary>
    public int Deletions => Volatile.Read(ref _deletions);

    /// <summary>A consumer has begun: its end tells of another deletion than those before.</summary>
    public void Consumed() => _isReported = false;

    public void Dispose() => _one.Dispose();
}
