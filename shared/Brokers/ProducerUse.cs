using Confluent.Kafka;

namespace Betting.Brokers;

/// <summary>A producer until it is replaced.</summary>
public sealed class ProducerUse : IDisposable
{
    static readonly TimeSpan Part = TimeSpan.FromSeconds(10);

    readonly IProducer<byte[]?, byte[]?> _producer;
    readonly Lock _gate = new();
    bool _hasEnded;

    internal ProducerUse(IProducer<byte[]?, byte[]?> producer) => _producer = producer;

    /// <summary>Returns when the broker has the message.</summary>
    /// <param name="topic">Where to.</param>
    /// <param name="message">What.</param>
    /// <param name="cancellation">Ends the wait; the message may be sent all the same.</param>
    /// <exception cref="KafkaException">It was not taken, or that is not known.</exception>
    public Task ProduceAsync(string topic, Message<byte[]?, byte[]?> message, CancellationToken cancellation)
    {
        // A call that meets the producer's end works on memory that is free: the client looks at nothing.
        lock (_gate)
        {
            return _hasEnded
                ? Task.FromException(
                    new KafkaException(new Error(ErrorCode.Local_Fatal, "the producer was replaced after a fatal error", isFatal: true))
                )
                : _producer.ProduceAsync(topic, message, cancellation);
        }
    }

    /// <summary>Gives up what has no answer.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_hasEnded)
            {
                return;
            }
            _hasEnded = true;
        }
        _producer.Dispose();
    }

    internal bool Is(IProducer<byte[]?, byte[]?> producer) => _producer == producer;

    // Each message has a limit of its own, and who disposes a producer before leaves its callers without an answer, and their memory held.
    internal void End()
    {
        lock (_gate)
        {
            _hasEnded = true;
        }
        while (_producer.Flush(Part) > 0) { }
        _producer.Dispose();
    }
}
