using Confluent.Kafka;

namespace Betting.CdcSink.KafkaTopics;

/// <summary>How the change stream is consumed, whatever the broker's address and rights.</summary>
static class StreamSettings
{
    public static void Apply(ConsumerConfig config, string group)
    {
        config.GroupId = group;
        config.ClientId = "cdc-sink";
        config.EnableAutoCommit = false;
        config.EnableAutoOffsetStore = false;
        // A gap is an error, never a silent jump; where a group begins for the first time is told on assignment.
        config.AutoOffsetReset = AutoOffsetReset.Error;
        // An end is reported with the consumer's position, which transaction markers and aborted transactions move without a record.
        config.EnablePartitionEof = true;
        config.AllowAutoCreateTopics = false;
        config.TopicMetadataRefreshIntervalMs = 5_000;
        config.FetchWaitMaxMs = 50;
        // About a sixth of a second at the highest rate; what is fetched ahead is the worker's memory.
        config.QueuedMaxMessagesKbytes = 16_384;
        // A full queue is looked at again after this, by default after a second: several times what it lasts.
        config.FetchQueueBackoffMs = 5;
    }
}
