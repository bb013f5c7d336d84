using Betting.Connections;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;

namespace Betting.Ingest.Doors;

/// <summary>Makes RabbitMQ's queues of commands and of dead letters where they are not there, and reports one that was deleted with what it held.</summary>
public sealed class RabbitQueues(IOptions<IngestOptions> options, IngestMetrics metrics, ILogger<RabbitQueues> log) : IDisposable
{
    // Who watches and who sends dead letters find the same deletion; it is reported once.
    readonly SemaphoreSlim _one = new(1);
    bool _isKnown;

    /// <exception cref="QueueMismatchException">One is there with other arguments.</exception>
    public async Task DeclareAsync(IConnection connection, CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            var found = await CommandQueue.FindAsync(connection, cancellation);
            if (!_isKnown && found.Count == 1)
            {
                // Somebody else may have made both between the questions for the one and for the other.
                found = await CommandQueue.FindAsync(connection, cancellation);
            }
            await CommandQueue.DeclareAsync(connection, options.Value.Queue, cancellation);
            foreach (var queue in CommandQueue.Deleted(found, _isKnown))
            {
                metrics.QueueDeleted(queue);
                IngestLog.QueueDeleted(log, queue);
            }
            _isKnown = true;
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();
}
