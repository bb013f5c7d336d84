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
    ProducerUse? _use;
    bool _isDisposed;

    /// <summary>The producer of now. Messages whose order matters go through one: the next one's would come without those that failed before.</summary>
    public ProducerUse Now()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _use ??= new ProducerUse(build(Leave));
        }
    }

    /// <summary>Gives up what is still queued: none of it is sent later. Whoever waits for an answer is told by <see cref="ProducerUse.Dropped"/>.</summary>
    public void Drop(ProducerUse use)
    {
        if (TryLeave(use.Producer))
        {
            _ = Task.Run(use.Dispose);
        }
    }

    public void Dispose()
    {
        ProducerUse? last;
        lock (_gate)
        {
            _isDisposed = true;
            (last, _use) = (_use, null);
        }
        // Outside: it waits for the thread on which errors come.
        last?.Dispose();
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
            if (_use?.Producer != producer)
            {
                return false;
            }
            _use = null;
            return true;
        }
    }
}

/// <summary>A producer, until it is replaced.</summary>
public sealed class ProducerUse : IDisposable
{
    readonly CancellationTokenSource _dropped = new();

    internal ProducerUse(IProducer<byte[]?, byte[]?> producer)
    {
        Producer = producer;
        Dropped = _dropped.Token;
    }

    internal IProducer<byte[]?, byte[]?> Producer { get; }

    /// <summary>Cancelled when messages that have no answer yet get none any more.</summary>
    public CancellationToken Dropped { get; }

    /// <summary>Returns when the broker has the message.</summary>
    /// <param name="topic">Where to.</param>
    /// <param name="message">What.</param>
    /// <param name="limit">Ends the wait; the message may be sent all the same. To be linked with <see cref="Dropped"/> where the producer may be dropped.</param>
    /// <exception cref="KafkaException">It was not taken, or that is not known.</exception>
    public Task ProduceAsync(string topic, Message<byte[]?, byte[]?> message, CancellationToken limit) => Producer.ProduceAsync(topic, message, limit);

    /// <summary>Drops what is still queued.</summary>
    public void Dispose()
    {
        Producer.Dispose();
        _dropped.Cancel();
        _dropped.Dispose();
    }
}
