using Betting.Brokers;
using Confluent.Kafka;

namespace Betting.CdcSink.KafkaTopics;

/// <summary>Where the worker's group stands. Asks as a client of the group that never joins it.</summary>
sealed class GroupPlaces : IDisposable
{
    static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    readonly IConsumer<byte[]?, byte[]?> _consumer;

    public GroupPlaces(KafkaOptions kafka, string group) => _consumer = new ConsumerBuilder<byte[]?, byte[]?>(
            kafka.Consumer(config =>
            {
                config.GroupId = group;
                config.ClientId = "cdc-sink-rewind";
                config.EnableAutoCommit = false;
                config.AllowAutoCreateTopics = false;
            })
        ).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();

    /// <summary>First offset and end of every partition of the topics.</summary>
    /// <exception cref="KafkaException">A topic is not there, or the brokers do not answer.</exception>
    public Dictionary<TopicPartition, (long Low, long High)> Bounds(IEnumerable<string> topics)
    {
        using var admin = new DependentAdminClientBuilder(_consumer.Handle).Build();
        var bounds = new Dictionary<TopicPartition, (long, long)>();
        foreach (var name in topics)
        {
            var topic = admin.GetMetadata(name, Timeout).Topics.Single();
            if (topic.Error.IsError)
            {
                throw new KafkaException(topic.Error);
            }
            foreach (var partition in topic.Partitions.Select(partition => new TopicPartition(name, partition.PartitionId)))
            {
                var offsets = _consumer.QueryWatermarkOffsets(partition, Timeout);
                bounds[partition] = (offsets.Low.Value, offsets.High.Value);
            }
        }
        return bounds;
    }

    /// <summary>What the group has committed; partitions without are not among the answers.</summary>
    public Dictionary<TopicPartition, long> Committed(IEnumerable<TopicPartition> partitions) =>
        _consumer
            .Committed(partitions, Timeout)
            .Where(each => !each.Offset.IsSpecial)
            .ToDictionary(each => each.TopicPartition, each => each.Offset.Value);

    public void Dispose() => _consumer.Dispose();
}
