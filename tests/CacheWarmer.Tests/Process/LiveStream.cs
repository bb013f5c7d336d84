using Betting.Debezium;
using Betting.Local.Engines;
using Betting.Tests.CacheWarmer.Worlds;
using Confluent.Kafka;

namespace Betting.Tests.CacheWarmer.Process;

/// <summary>Puts the world's stream on topics of its own, partition by partition, as the connector would.</summary>
sealed class LiveStream : IDisposable
{
    readonly IProducer<byte[]?, byte[]?> _producer;
    readonly BettingWorld _world;
    readonly int[] _sent;

    LiveStream(IProducer<byte[]?, byte[]?> producer, BettingWorld world, string prefix)
    {
        (_producer, _world, Prefix) = (producer, world, prefix);
        _sent = new int[world.Log.Length];
    }

    public string Prefix { get; }

    public static async Task<LiveStream> CreateAsync(KafkaServer kafka, BettingWorld world)
    {
        var prefix = $"t{Guid.NewGuid():N}";
        await kafka.CreateTopicAsync($"{prefix}.public.bets", world.Log.Length);
        await kafka.CreateTopicAsync($"{prefix}.public.events", 1);
        var producer = new ProducerBuilder<byte[]?, byte[]?>(
            new ProducerConfig { BootstrapServers = kafka.BootstrapServers, LingerMs = 5 }
        ).Build();
        return new LiveStream(producer, world, prefix);
    }

    /// <param name="again">How many of the records sent before are sent once more, as a restarted connector does.</param>
    public void Send(int again = 0)
    {
        for (var partition = 0; partition < _sent.Length; partition++)
        {
            var log = _world.Log[partition];
            foreach (var record in log.Skip(Math.Max(0, _sent[partition] - again)))
            {
                _producer.Produce(new TopicPartition($"{Prefix}.public.bets", partition), Message(record));
            }
            _sent[partition] = log.Count;
        }
        _producer.Flush(TimeSpan.FromSeconds(20));
    }

    public void Dispose() => _producer.Dispose();

    static Message<byte[]?, byte[]?> Message(StreamRecord record) => new() { Key = record.Key, Value = record.Value };
}
