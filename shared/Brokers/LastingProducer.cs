using Confluent.Kafka;

namespace Betting.Connections;

/// <summary>
/// A producer that lives as long as its process. librdkafka makes an idempotent producer unusable after some answers of a broker, for
/// instance of one that has lost records of it: then the next message goes through a new one.
/// </summary>
/// <param name="build">Builds a producer, for the first message and after a fatal error; the argument is its error handler.</param>
public sealed class LastingProducer(Func<Action<IProducer<byte[]?, byte[]?>, Error>, IProducer<byte[]?, byte[]?>> build) : IDisposable
{
    static readonly TimeSpan Part = TimeSpan.FromSeconds(10);

    readonly Lock _gate = new();
    IProducer<byte[]?, byte[]?>? _producer;
    bool _isDisposed;

    /// <summary>Returns when the broker has the message.</summary>
    /// <exception cref="KafkaException">It was not taken, or that is not known.</exception>
    public Task ProduceAsync(string topic, Message<byte[]?, byte[]?> message, CancellationToken cancellation) =>
        Current().ProduceAsync(topic, message, cancellation);

    public void Dispose()
    {
        IProducer<byte[]?, byte[]?>? last;
        lock (_gate)
        {
            _isDisposed = true;
            (last, _producer) = (_producer, null);
        }
        // Outside: it waits for the thread on which errors come.
        last?.Dispose();
    }

    IProducer<byte[]?, byte[]?> Current()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _producer ??= build(Leave);
        }
    }

    // On a thread of the client's, before the messages on their way are answered.
    void Leave(IProducer<byte[]?, byte[]?> producer, Error error)
    {
        if (!error.IsFatal || !TryLeave(producer))
        {
            return;
        }
        _ = Task.Run(() =>
        {
            // Each message has a limit of its own, and who disposes a producer before leaves its callers without an answer.
            while (producer.Flush(Part) > 0)
            {
            }
            producer.Dispose();
        });
    }

    bool TryLeave(IProducer<byte[]?, byte[]?> producer)
    {
        lock (_gate)
        {
            if (_producer != producer)
            {
                return false;
            }
            _producer = null;
            return true;
        }
    }
}
