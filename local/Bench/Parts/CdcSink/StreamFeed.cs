using System.Text;
using Confluent.Kafka;

namespace Betting.Local.Bench.Parts.CdcSink;

/// <summary>Puts made records into the topics of the change stream, keyed as Debezium keys them, with the headers that version 3 adds.</summary>
sealed class StreamFeed : IDisposable
{
    static readonly (string Name, byte[] Value)[] Context =
    [
        ("__debezium.context.connectorLogicalName", Encoding.ASCII.GetBytes("betting")), ("__debezium.context.taskId", Encoding.ASCII.GetBytes("0")),
        ("__debezium.context.connectorName", Encoding.ASCII.GetBytes("postgresql")),
    ];

    readonly IProducer<byte[], byte[]> _producer;
    volatile Error? _failed;

    /// <param name="linger">How long a record waits for others to the same partition.</param>
    public StreamFeed(string bootstrap, TimeSpan linger) => _producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig
    {
        BootstrapServers = bootstrap,
        LingerMs = linger.TotalMilliseconds,
        QueueBufferingMaxMessages = 1_000_000,
        QueueBufferingMaxKbytes = 1 << 20,
        Partitioner = Partitioner.Murmur2Random,
    }).SetLogHandler((_, _) => { }).Build();

    public static void Preload(string bootstrap, IEnumerable<MadeRecord> records)
    {
        using var feed = new StreamFeed(bootstrap, TimeSpan.FromMilliseconds(20));
        foreach (var record in records)
        {
            feed.Send(record);
        }
        feed.Flush();
    }

    public void Send(MadeRecord record)
    {
        var headers = new Headers();
        foreach (var (name, value) in Context)
        {
            headers.Add(name, value);
        }
        var message = new Message<byte[], byte[]> { Key = record.Key, Value = record.Value, Headers = headers };
        while (true)
        {
            try
            {
                _producer.Produce(record.Topic, message, report => _failed = report.Error.IsError ? report.Error : _failed);
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
