using Betting.Connections;
using Betting.Contracts;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;

namespace Betting.Ingest.Doors;

/// <summary>Makes RabbitMQ's queues of commands and of dead letters where they are not there, and reports one that was deleted with what it held.</summary>
public sealed class RabbitQueues(
    IOptions<IngestOptions> options, IngestMetrics metrics, TimeProvider clock, ILogger<RabbitQueues> log) : IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(5), Pause = TimeSpan.FromMilliseconds(250);

    // Who watches and who sends dead letters find the same deletion; it is reported once.
    readonly SemaphoreSlim _one = new(1);
    bool _isKnown;
    volatile bool _isReported;
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
            try
            {
                await CommandQueue.DeclareAsync(connection, options.Value.Queue, cancellation);
            }
            catch (QueueMismatchException mismatch)
            {
                // One that was as it should be was deleted since.
                if (_isKnown)
                {
                    deleted.Add(mismatch.Queue);
                }
                Report(deleted, isCancelled);
                // Reported once: the worker ends.
                _isKnown = false;
                throw;
            }
            Report(deleted, isCancelled);
            _isKnown = true;
        }
        finally
        {
            _one.Release();
        }
    }

    void Report(HashSet<string> deleted, bool isCancelled)
    {
        // Somebody else who declares may have met the deletion before.
        _isReported = !isCancelled && (_isReported || deleted.Contains(Topics.Commands));
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

    /// <summary>How often the queue of commands was found deleted, whoever looked.</summary>
    public int Deletions => Volatile.Read(ref _deletions);

    /// <summary>A consumer has begun: its end tells of another deletion than those before.</summary>
    public void Consumed() => _isReported = false;

    public void Dispose() => _one.Dispose();
}
