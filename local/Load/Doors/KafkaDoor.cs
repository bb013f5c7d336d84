using System.Globalization;
using System.Text;
using Betting.Contracts;
using Betting.Local.Load.Traffic;
using Confluent.Kafka;

namespace Betting.Local.Load.Doors;

/// <summary>The topic <c>bet-commands</c>, keyed by user; librdkafka sends each message until it is confirmed.</summary>
public sealed class KafkaDoor : IDoor
{
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    readonly IProducer<byte[], byte[]> _producer;
    readonly Published _published;

    public KafkaDoor(string bootstrapServers, Published published)
    {
        _published = published;
        _producer = new ProducerBuilder<byte[], byte[]>(
            new ProducerConfig
            {
                BootstrapServers = bootstrapServers,
                Acks = Acks.All,
                EnableIdempotence = true,
                LingerMs = 20,
                MessageTimeoutMs = 0,
                QueueBufferingMaxMessages = 50_000,
                Partitioner = Partitioner.Murmur2Random,
            }
        ).SetErrorHandler((_, _) => { }).SetLogHandler((_, _) => { }).Build();
    }

    public string Name => "kafka";

    public async ValueTask PublishAsync(TrafficMessage message, CancellationToken cancellation)
    {
        var record = new Message<byte[], byte[]>
        {
            Key = Encoding.ASCII.GetBytes(message.Key.ToString(CultureInfo.InvariantCulture)),
            Value = message.Body.ToArray(),
        };
        while (true)
        {
            try
            {
                _producer.Produce(Topics.Commands, record, report =>
                {
                    if (!report.Error.IsError)
                    {
                        _published.Confirm(message.Nature);
                    }
                });
                return;
            }
            catch (ProduceException<byte[], byte[]> full) when (full.Error.Code == ErrorCode.Local_QueueFull)
            {
                await Task.Delay(Pause, TimeProvider.System, cancellation);
            }
        }
    }

    public Task FlushAsync(CancellationToken cancellation) => Task.Run(() => _producer.Flush(cancellation), cancellation);

    public ValueTask DisposeAsync()
    {
        _producer.Dispose();
        return ValueTask.CompletedTask;
    }
}
