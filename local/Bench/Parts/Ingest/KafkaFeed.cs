using System.Globalization;
using System.Text;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Confluent.Kafka;

namespace Betting.Local.Bench.Parts.Ingest;

/// <summary>Publishes commands to the topic, keyed by user as docs/commands.md says.</summary>
sealed class KafkaFeed : IDisposable
{
    readonly IProducer<byte[], byte[]> _producer;
    volatile Error? _failed;

    /// <param name="linger">How long a record waits for others to the same partition.</param>
    public KafkaFeed(string bootstrap, TimeSpan linger) => _producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig
    {
        BootstrapServers = bootstrap,
        LingerMs = linger.TotalMilliseconds,
        QueueBufferingMaxMessages = 1_000_000,
        Partitioner = Partitioner.Murmur2Random,
    }).SetLogHandler((_, _) => { }).Build();

    public static void Preload(string bootstrap, IEnumerable<BetCommand> commands)
    {
        using var feed = new KafkaFeed(bootstrap, TimeSpan.FromMilliseconds(20));
        foreach (var command in commands)
        {
            feed.Send(command);
        }
        feed.Flush();
    }

    public void Send(BetCommand command)
    {
        var message = new Message<byte[], byte[]>
        {
            Key = Encoding.ASCII.GetBytes(CommandContent.Of(command).Key.ToString(CultureInfo.InvariantCulture)),
            Value = CommandEncoder.Encode(command),
        };
        while (true)
        {
            try
            {
                _producer.Produce(Topics.Commands, message, report => _failed = report.Error.IsError ? report.Error : _failed);
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
