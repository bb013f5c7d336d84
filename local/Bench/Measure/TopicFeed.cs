using Confluent.Kafka;

namespace Betting.Local.Bench.Measure;

/// <summary>Publishes records as fast as the broker takes them; one that it does not take ends the measurement.</summary>
sealed class TopicFeed : IDisposable
{
    readonly IProducer<byte[], byte[]> _producer;
    volatile Error? _failed;

    /// <param name="bootstrap">Where the broker is.</param>
    /// <param name="linger">How long a record waits for others to the same partition.</param>
    public TopicFeed(string bootstrap, TimeSpan linger) => _producer = new ProducerBuilder<byte[], byte[]>(
            new ProducerConfig
            {
                BootstrapServers = bootstrap,
                LingerMs = linger.TotalMilliseconds,
                QueueBufferingMaxMessages = 1_000_000,
                QueueBufferingMaxKbytes = 1 << 20,
                // Only whether it was taken is asked for: key and value would be copied back for nothing.
                DeliveryReportFields = "status",
                // As Java clients do, so that a key is in the partition where its publishers put it.
                Partitioner = Partitioner.Murmur2Random,
            }
        ).SetLogHandler((_, _) => { }).Build();

    /// <summary>Publishes all of them and waits until the broker has them.</summary>
    /// <exception cref="KafkaException">A record was not taken.</exception>
    public static void Preload(string bootstrap, IEnumerable<(string Topic, Message<byte[], byte[]> Message)> records)
    {
        using var feed = new TopicFeed(bootstrap, TimeSpan.FromMilliseconds(20));
        foreach (var record in records)
        {
            feed.Send(record);
        }
        feed.Flush();
    }

    public void Send((string Topic, Message<byte[], byte[]> Message) record)
    {
        while (true)
        {
            try
            {
                _producer.Produce(record.Topic, record.Message, report => _failed = report.Error.IsError ? report.Error : _failed);
                return;
            }
            catch (ProduceException<byte[], byte[]> full) when (full.Error.Code == ErrorCode.Local_QueueFull)
            {
                _producer.Poll(TimeSpan.FromMilliseconds(10));
            }
        }
    }

    /// <exception cref="KafkaException">A record was not taken.</exception>
    public void Flush()
    {
        _producer.Flush();
        if (_failed is { } error)
        {
            throw new KafkaException(error);
        }
    }

    public void Dispose() => _producer.Dispose();
}
