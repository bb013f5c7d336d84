using Betting.Contracts;
using Confluent.Kafka;

namespace Betting.Ingest.Receive.Kafka;

/// <summary>How the topic of commands is consumed, whatever the broker's address and rights.</summary>
static class CommandTopicSettings
{
    public static void Apply(ConsumerConfig config)
    {
        config.GroupId = Topics.IngestGroup;
        config.ClientId = "ingest";
        // A place that is gone is an error, never a silent jump; where a group begins is told on assignment.
        config.AutoOffsetReset = AutoOffsetReset.Error;
        config.AllowAutoCreateTopics = false;
        // An end is reported with the consumer's position, which transaction markers and aborted transactions move without a record.
        config.EnablePartitionEof = true;
        // The broker is back within a second of its return; the client's own choice is 10 s.
        config.ReconnectBackoffMaxMs = 1000;
        config.TopicMetadataRefreshIntervalMs = 5_000;
        config.EnableAutoOffsetStore = false;
        config.EnableAutoCommit = true;
        config.AutoCommitIntervalMs = 500;
        config.FetchWaitMaxMs = 20;
        config.QueuedMaxMessagesKbytes = 16 * 1024;
        // One answer of one broker; a larger record comes alone.
        config.FetchMaxBytes = 16 * 1024 * 1024;
    }
}
