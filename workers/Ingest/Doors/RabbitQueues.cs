using Betting.Connections;
using Betting.Contracts;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;

namespace Betting.Ingest.Doors;

/// <summary>
/// Makes RabbitMQ's queues of commands and of dead letters where they are not there, and reports one that was deleted with what it held. A queue
/// that is another one than it should be ends the worker at its start. Later it is an outage, because the worker may hold what nothing else has.
/// </summary>
public sealed class RabbitQueues(
    IOptions<IngestOptions> options, IngestMetrics metrics, TimeProvider clock, ILogger<RabbitQueues> log) : IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(5), Pause = TimeSpan.FromMilliseconds(250);

    // Who watches and who sends dead letters find the same deletion; it is reported once.
    readonly SemaphoreSlim _one = new(1);
    volatile IReadOnlyList<string> _others = [];
    volatile bool _isKnown, _isReported;
    int _deletions;

    /// <param name="connection">An open one.</param>
    /// <param name="isCancelled">
    /// True where the broker has cancelled a consumer of the queue of commands: a quorum queue was deleted then, also where somebody has declared
    /// it again since. A classic queue may come back with its node.
    /// </param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="QueueMismatchException">One is there with other arguments.</exception>
    public async Task DeclareAsync(IConnection connection, bool isCancelled, CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            var found = await CommandQueue.FindAsync(connection, cancellation);
            // Somebody else may make both now: the one is there, and the other one will be in a moment.
            for (var began = clock.GetTimestamp(); !_isKnown && found.Count == 1 && clock.GetElapsedTime(began) < Patience;)
            {
                await Task.Delay(Pause, clock, cancellation);
                found = await CommandQueue.FindAsync(connection, cancellation);
            }
            var deleted = CommandQueue.Deleted(found, _isKnown).ToHashSet(StringComparer.Ordinal);
            if (isCancelled && !_isReported && options.Value.Queue == QueueKind.Quorum)
            {
                deleted.Add(Topics.Commands);
            }
            var others = await DeclareBothAsync(connection, cancellation);
            // One that was as it should be was deleted since.
            deleted.UnionWith(others.Select(other => other.Queue).Where(queue => _isKnown && !_others.Contains(queue)));
            _others = others.ConvertAll(other => other.Queue);
            // Somebody else who declares may have met the deletion before.
            _isReported = (!isCancelled || others.Count > 0) && (_isReported || deleted.Contains(Topics.Commands));
            Report(deleted);
            if (others.Count > 0)
            {
                throw others[^1];
            }
            _isKnown = true;
        }
        finally
        {
            _one.Release();
        }
    }

    // The queues with other arguments, that of commands last. It is made beside another one of dead letters where both were right before.
    async Task<List<QueueMismatchException>> DeclareBothAsync(IConnection connection, CancellationToken cancellation)
    {
        List<QueueMismatchException> others = [];
        foreach (var queue in CommandQueue.Names.TakeWhile(_ => _isKnown || others.Count == 0))
        {
            try
            {
                await CommandQueue.DeclareAsync(connection, queue, options.Value.Queue, cancellation);
            }
            catch (QueueMismatchException mismatch)
            {
                others.Add(mismatch);
            }
        }
        return others;
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

    /// <summary>True where this one had other arguments when it was last declared.</summary>
    public bool IsAnother(string queue) => _others.Contains(queue);

    /// <summary>How often the queue of commands was found deleted, whoever looked.</summary>
    public int Deletions => Volatile.Read(ref _deletions);

    /// <summary>A consumer has begun: its end tells of another deletion than those before.</summary>
    public void Consumed() => _isReported = false;

    public void Dispose() => _one.Dispose();
}
