using Betting.Brokers;
using Confluent.Kafka;

namespace Betting.CdcSink.Read;

/// <summary>
/// Tells a topic that was made anew from the former one: the record before the sink's progress carries another timestamp.
/// Asked only where the group has no offset, as it is after a topic was deleted.
/// </summary>
sealed class RecordClock(KafkaOptions kafka, TimeProvider clock)
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(5),
        Wait = TimeSpan.FromMilliseconds(100);

    /// <returns>
    /// Kafka's timestamps of these records, milliseconds since 1970 UTC; null where there is none at this very offset. Left out: what no
    /// broker answered for.
    /// </returns>
    public Dictionary<TopicPartition, long?> Of(IReadOnlyCollection<TopicPartitionOffset> records)
    {
        var times = new Dictionary<TopicPartition, long?>();
        if (records.Count == 0)
        {
            return times;
        }
        using var consumer = new ConsumerBuilder<Ignore, Ignore>(
            kafka.Consumer(config =>
            {
                config.GroupId = "cdc-sink-look";
                config.ClientId = "cdc-sink-look";
                config.EnableAutoCommit = false;
                config.AutoOffsetReset = AutoOffsetReset.Error;
                config.EnablePartitionEof = true;
                // One record of each partition is looked at, not what follows it.
                config.QueuedMinMessages = 1;
                config.MaxPartitionFetchBytes = 4096;
            })
        ).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        consumer.Assign(records);
        var asked = records.ToDictionary(each => each.TopicPartition, each => each.Offset);
        for (var began = clock.GetTimestamp(); times.Count < asked.Count && clock.GetElapsedTime(began) < Limit; )
        {
            try
            {
                // Where the record is gone the next one comes, or the end: neither tells anything.
                if (consumer.Consume(Wait) is { } record)
                {
                    times.TryAdd(
                        record.TopicPartition,
                        !record.IsPartitionEOF && record.Offset == asked[record.TopicPartition]
                            ? record.Message.Timestamp.UnixTimestampMs
                            : null
                    );
                }
            }
            catch (ConsumeException refused) when (refused.Error.Code == ErrorCode.Local_AutoOffsetReset)
            {
                times.TryAdd(refused.ConsumerRecord.TopicPartition, null);
            }
            catch (ConsumeException refused) when (!refused.Error.IsFatal)
            {
                // Its broker may answer yet.
            }
        }
        return times;
    }
}
