using Betting.Brokers;
using Betting.Contracts;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Options;

namespace Betting.CdcSink.KafkaTopics;

/// <summary>
/// Asks the brokers where the topics end, for every partition and not only this replica's: a partition without an owner is seen by
/// all. Joins no group. For one thread at a time.
/// </summary>
public sealed class TopicEnds : IDisposable
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(5),
        Wait = TimeSpan.FromMilliseconds(100);

    readonly IConsumer<Ignore, Ignore> _consumer;
    readonly IAdminClient _admin;
    readonly ChangeTopics _topics;
    readonly TimeProvider _clock;

    public TopicEnds(IOptions<KafkaOptions> kafka, CdcSinkOptions options, TimeProvider clock)
    {
        _topics = new ChangeTopics(options.TopicPrefix);
        _clock = clock;
        _consumer = new ConsumerBuilder<Ignore, Ignore>(kafka.Value.Consumer(Choose))
            .SetLogHandler((_, _) => { })
            .SetErrorHandler((_, _) => { })
            .Build();
        _admin = new DependentAdminClientBuilder(_consumer.Handle).Build();
    }

    /// <summary>The ends of all partitions, of uncommitted transactions too, within a limit that does not grow with their number.</summary>
    /// <exception cref="KafkaException">The brokers do not answer.</exception>
    public async Task<SeenEnds> ReadAsync()
    {
        var partitions = await Task.Run(Partitions);
        if (partitions.Known.Count == 0)
        {
            return new SeenEnds([], partitions.IsWhole);
        }
        var first = TopicOffsets.OfAsync(_admin, partitions.Known, OffsetSpec.Earliest(), Limit);
        var last = TopicOffsets.OfAsync(_admin, partitions.Known, OffsetSpec.Latest(), Limit);
        await Task.WhenAll(first, last);
        var (firsts, lasts) = (await first, await last);
        var ends = partitions
            .Known.Where(each => firsts.ContainsKey(each) && lasts.ContainsKey(each))
            .Select(each => new StreamEnd(each.Topic, each.Partition, firsts[each], lasts[each]))
            .ToList();
        return new SeenEnds(ends, partitions.IsWhole && ends.Count == partitions.Known.Count);
    }

    /// <summary>
    /// When these records were written, by the first record at or behind each offset. Left out: what does not come within a limit, and
    /// what has no record behind it, only transaction markers.
    /// </summary>
    public List<(string Topic, int Partition, long Offset, DateTimeOffset At)> TimesOf(
        IReadOnlyCollection<(string Topic, int Partition, long Offset)> records
    )
    {
        var times = new List<(string, int, long, DateTimeOffset)>();
        var open = records.ToDictionary(each => new TopicPartition(each.Topic, each.Partition), each => each.Offset);
        _consumer.Assign(open.Select(each => new TopicPartitionOffset(each.Key, each.Value)));
        var start = _clock.GetTimestamp();
        try
        {
            while (open.Count > 0 && _clock.GetElapsedTime(start) < Limit)
            {
                if (
                    _consumer.Consume(Wait) is { } consumed
                    && open.Remove(consumed.TopicPartition, out var asked)
                    && !consumed.IsPartitionEOF
                )
                {
                    // What follows is passed over. Not paused: librdkafka would keep the partition paused in the next assignment too.
                    times.Add((consumed.Topic, consumed.Partition, asked, KafkaTime.At(consumed.Message.Timestamp)));
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

    (List<TopicPartition> Known, bool IsWhole) Partitions()
    {
        var (known, isWhole) = (new List<TopicPartition>(), true);
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
            // A partition without a leader would hold up the answer for all others.
            var led = topic
                .Partitions.Where(partition => partition.Leader >= 0)
                .Select(partition => new TopicPartition(name, partition.PartitionId))
                .ToList();
            known.AddRange(led);
            isWhole &= led.Count == topic.Partitions.Count;
        }
        return (known, isWhole);
    }

    static void Choose(ConsumerConfig config)
    {
        config.GroupId = "cdc-sink-lag";
        config.ClientId = "cdc-sink-lag";
        config.EnableAutoCommit = false;
        config.AllowAutoCreateTopics = false;
        config.EnablePartitionEof = true;
        // One record of each partition is looked at, not what follows it.
        config.AutoOffsetReset = AutoOffsetReset.Earliest;
        config.QueuedMinMessages = 1;
        config.FetchWaitMaxMs = 50;
        config.MaxPartitionFetchBytes = 4096;
    }
}
