namespace Betting.Ingest.Receive.RabbitMq;

/// <summary>
/// Tells when a consumer that gets nothing is to be replaced. Where the queue was deleted and declared again within moments, RabbitMQ
/// cancels nobody: it attaches the consumer to the new queue and delivers nothing to it, although messages count as delivered. They go back
/// when its connection ends.
/// </summary>
sealed class ConsumerIdleness(TimeProvider clock)
{
    /// <summary>So long nothing came and nothing is in hand.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    (RabbitConsumer? Consumer, ulong Received, long BodyBytes) _seen;
    long _since;

    /// <summary>To be called often.</summary>
    public bool IsOver(RabbitConsumer consumer)
    {
        // Bytes of a body too: a large message may be minutes on its way.
        var seen = (consumer, consumer.Received, consumer.BodyBytes);
        if (_seen != seen || !consumer.IsIdle)
        {
            _seen = seen;
            _since = clock.GetTimestamp();
        }
        return clock.GetElapsedTime(_since) >= Limit;
    }
}
