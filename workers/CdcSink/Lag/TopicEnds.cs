using Betting.Connections;
using Betting.Contracts;
using Confluent.Kafka;
using Microsoft.Extensions.Options;

namespace Betting.CdcSink.Lag;

/// <summary>
/// Asks the brokers where the topics end, for every partition and not only this replica's: a partition without an owner is seen by
/// all. Joins no group. For one thread.
/// </summary>
public sealed class TopicEnds : IDisposable
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(5), Wait = TimeSpan.FromMilliseconds(100);

    readonly IConsumer<Ignore, Ignore> _consumer;
    readonly IAdminClient _admin;
    readonly ChangeTopics _topics;
    readonly TimeProvider _clock;

    public TopicEnds(IOptions<KafkaOptions> kafka, CdcSinkOptions options, TimeProvider clock)
    {
        _topics = new ChangeTopics(options.TopicPrefix);
        _clock = clock;
        _consumer = new ConsumerBuilder<Ignore, Ignore>(kafka.Value.Consumer(Choose)).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        _admin = new DependentAdminClientBuilder(_consumer.Handle).Build();
    }

    /// <exception cref="KafkaException">The brokers do not answer.</exception>
    public List<StreamEnd> Read()
    {
        var ends = new List<StreamEnd>();
        foreach (var name in (string[])[.. _topics.Tables, _topics.Messages, _topics.Heartbeats])
        {
            var topic = _admin.GetMetadata(name, Limit).Topics.Single();
            if (topic.Error.Code is ErrorCode.UnknownTopicOrPart)
            {
                continue;
            }
            if (topic.Error.IsError)
            {
                throw new KafkaException(topic.Error);
            }
            foreach (var partition in topic.Partitions)
            {
                var bounds = _consumer.QueryWatermarkOffsets(new TopicPartition(name, partition.PartitionId), Limit);
                ends.Add(new StreamEnd(name, partition.PartitionId, bounds.Low.Value, bounds.High.Value));
            }
        }
        return ends;
    }

    /// <summary>When these records were written, by the first record at or behind each offset; those that do not come within a limit are left out.</summary>
    public List<(string Topic, int Partition, long Offset, DateTimeOffset At)> TimesOf(IReadOnlyCollection<(string Topic, int Partition, long Offset)> records)
    {
        var times = new List<(string, int, long, DateTimeOffset)>();
        var open = records.ToDictionary(each => new TopicPartition(each.Topic, each.Partition), each => each.Offset);
        _consumer.Assign(open.Select(each => new TopicPartitionOffset(each.Key, each.Value)));
        var start = _clock.GetTimestamp();
        try
        {
            while (open.Count > 0 && _clock.GetElapsedTime(start) < Limit)
            {
                if (_consumer.Consume(Wait) is { } consumed && open.Remove(consumed.TopicPartition, out var asked))
                {
                    // What follows is passed over. Not paused: librdkafka would keep the partition paused in the next assignment too.
                    times.Add((consumed.Topic, consumed.Partition, asked, new DateTimeOffset(consumed.Message.Timestamp.UtcDateTime, TimeSpan.Zero)));
                }
            }
        }
        finally
        {
            _consumer.Unassign();
        }
        return times;
    }

    public void Dispose()
    {
        _admin.Dispose();
        _consumer.Dispose();
    }

    static void Choose(ConsumerConfig config)
    {
        config.GroupId = "cdc-sink-lag";
        config.ClientId = "cdc-sink-lag";
        config.EnableAutoCommit = false;
        config.AllowAutoCreateTopics = false;
        // One record of each partition is looked at, not what follows it.
        config.AutoOffsetReset = AutoOffsetReset.Earliest;
        config.QueuedMinMessages = 1;
        config.FetchWaitMaxMs = 50;
        config.MaxPartitionFetchBytes = 4096;
    }
}
