using Betting.Connections;
using Confluent.Kafka;

namespace Betting.CdcSink.Consume;

/// <summary>
/// Tells a topic that was made anew from the former one: the record before the sink's progress carries another timestamp.
/// Asked only where the group has no offset, as it is after a topic was deleted.
/// </summary>
sealed class RecordClock(KafkaOptions kafka)
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <returns>Kafka's timestamp of this record, milliseconds since 1970 UTC; null where there is none at this very offset.</returns>
    /// <exception cref="KafkaException">The broker does not answer.</exception>
    public long? Of(TopicPartition partition, long offset)
    {
        using var consumer = new ConsumerBuilder<Ignore, Ignore>(kafka.Consumer(config =>
        {
            config.GroupId = "cdc-sink-look";
            config.ClientId = "cdc-sink-look";
            config.EnableAutoCommit = false;
            config.AutoOffsetReset = AutoOffsetReset.Error;
            config.EnablePartitionEof = true;
        })).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        consumer.Assign(new TopicPartitionOffset(partition, offset));
        var record = consumer.Consume(Patience) ?? throw new KafkaException(new Error(ErrorCode.Local_TimedOut, $"{partition} gives nothing at offset {offset}"));
        // Where the record is gone the next one comes, or the end: neither tells anything.
        return !record.IsPartitionEOF && record.Offset == offset ? record.Message.Timestamp.UnixTimestampMs : null;
    }
}
