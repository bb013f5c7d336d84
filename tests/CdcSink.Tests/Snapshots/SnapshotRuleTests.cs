using Betting.CdcSink.KafkaTopics;
using Betting.CdcSink.Messages;
using Betting.CdcSink.Snapshots;
using Confluent.Kafka;
using Xunit;

namespace Betting.Tests.CdcSink.Snapshots;

/// <summary>What the end of a snapshot says about a table, and when it may say it.</summary>
public sealed class SnapshotRuleTests
{
    [Theory]
    [InlineData(true, true, true, false, false, SnapshotVerdict.EndOlder)]
    [InlineData(true, false, true, false, false, SnapshotVerdict.EndOlder)]
    [InlineData(true, false, false, false, false, SnapshotVerdict.Nothing)]
    [InlineData(false, true, true, false, false, SnapshotVerdict.AskReconciliation)]
    [InlineData(false, false, false, false, false, SnapshotVerdict.Nothing)]
    [InlineData(true, true, true, true, false, SnapshotVerdict.AskReconciliation)]
    [InlineData(true, false, true, true, false, SnapshotVerdict.Nothing)]
    [InlineData(true, false, true, false, true, SnapshotVerdict.Nothing)]
    public void Of_a_table(bool isRead, bool hasOlderRows, bool hasOlderReads, bool streamRan, bool wasRead, SnapshotVerdict verdict) =>
        Assert.Equal(verdict, SnapshotRule.Of(new TableFacts(isRead, hasOlderRows, hasOlderReads, streamRan, wasRead)));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Of_a_table_that_may_not_be_read_whole_no_row_goes_and_the_Reconciler_is_asked(bool hasOlderReads) =>
        Assert.Equal(
            SnapshotVerdict.AskReconciliation,
            SnapshotRule.Of(new TableFacts(IsRead: true, hasOlderReads, hasOlderReads, StreamRan: false, WasRead: false, IsWhole: false))
        );

    [Fact]
    public void A_wait_is_over_when_every_partition_has_passed_the_position_that_it_had()
    {
        var wait = new SnapshotWait(
            [new StreamEnd("users", 0, 0, 3), new StreamEnd("bets", 0, 0, 1000), new StreamEnd("bets", 1, 5, 5)],
            new Dictionary<TopicPartition, PartitionPosition>()
        );
        Assert.False(wait.IsOver(Reached(("users", 0, 3))));
        Assert.False(wait.IsOver(Reached(("users", 0, 4), ("bets", 0, 999))));
        Assert.True(wait.IsOver(Reached(("users", 0, 4), ("bets", 0, 1000))));
    }

    [Fact]
    public void A_topic_that_is_made_anew_meanwhile_needs_another_wait()
    {
        var wait = new SnapshotWait([new StreamEnd("bets", 0, 0, 1000)], Reached(("bets", 0, 10)));
        Assert.False(wait.IsStale(Reached(("bets", 0, 20))));
        var anew = Reached(generation: 7, ("bets", 0, 1));
        Assert.True(wait.IsStale(anew));
        Assert.False(wait.IsOver(anew));
        Assert.True(new SnapshotWait([new StreamEnd("bets", 0, 0, 1)], anew).IsOver(anew));
    }

    [Fact]
    public void Progress_in_a_former_topic_has_passed_no_position_of_the_new_one()
    {
        var former = Reached(("bets", 0, 1_000_000));
        var wait = new SnapshotWait([new StreamEnd("bets", 0, 0, 5000)], former);
        Assert.False(wait.IsOver(former));
        Assert.True(wait.IsStale(Reached(generation: 7, ("bets", 0, 100))));
    }

    static Dictionary<TopicPartition, PartitionPosition> Reached(params (string Topic, int Partition, long Next)[] partitions) =>
        Reached(0, partitions);

    static Dictionary<TopicPartition, PartitionPosition> Reached(
        ulong generation,
        params (string Topic, int Partition, long Next)[] partitions
    ) =>
        partitions.ToDictionary(
            each => new TopicPartition(each.Topic, each.Partition),
            each => new PartitionPosition(each.Topic, each.Partition, each.Next, each.Next, 0, 0) { Generation = generation }
        );
}
