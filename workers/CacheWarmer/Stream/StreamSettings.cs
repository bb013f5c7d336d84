using Betting.Contracts;
using Confluent.Kafka;

namespace Betting.CacheWarmer.Stream;

/// <summary>How the change stream is consumed, whatever the broker's address and rights.</summary>
static class StreamSettings
{
    /// <summary>The longest time without a poll: look-ups after a lost offset.</summary>
    public static readonly TimeSpan Busy = TimeSpan.FromSeconds(30);

    public static void Apply(ConsumerConfig config)
    {
        config.GroupId = Topics.CacheWarmerGroup;
        config.EnableAutoCommit = true;
        config.AutoCommitIntervalMs = 1000;
        config.EnableAutoOffsetStore = false;
        config.AutoOffsetReset = AutoOffsetReset.Error;
        // An end is reported with the consumer's position, which transaction markers move without a record.
        config.EnablePartitionEof = true;
        // A replica that died shall be replaced before its partitions' counters expire.
        config.SessionTimeoutMs = 10_000;
        config.PartitionAssignmentStrategy = PartitionAssignmentStrategy.CooperativeSticky;
    }
}
