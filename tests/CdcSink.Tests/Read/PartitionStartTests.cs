using Betting.CdcSink;
using Betting.CdcSink.Read;
using Xunit;

namespace Betting.Tests.CdcSink.Read;

/// <summary>The table of docs/cdcsink.md, row by row.</summary>
public sealed class PartitionStartTests
{
    // committed, progress, low, high, known → why, offset, lost
    [Theory]
    [InlineData(50L, 80L, 0, 100, true, StartKind.Committed, 50, 0)]
    [InlineData(100L, 100L, 0, 100, true, StartKind.Committed, 100, 0)]
    [InlineData(null, 80L, 0, 100, true, StartKind.Progress, 80, 0)]
    [InlineData(90L, 80L, 0, 100, true, StartKind.ClickHouseBehind, 80, 0)]
    [InlineData(90L, null, 0, 100, false, StartKind.ClickHouseEmpty, 0, 0)]
    [InlineData(90L, null, 5, 100, false, StartKind.LostStopped, 0, 5)]
    [InlineData(20L, 80L, 30, 100, true, StartKind.GroupBehindTopic, 30, 0)]
    [InlineData(20L, 25L, 30, 100, true, StartKind.LostStopped, 25, 5)]
    [InlineData(null, 25L, 30, 100, true, StartKind.LostStopped, 25, 5)]
    [InlineData(90L, 25L, 30, 100, true, StartKind.LostStopped, 25, 5)]
    [InlineData(null, null, 0, 100, false, StartKind.First, 0, 0)]
    [InlineData(null, null, 5, 100, false, StartKind.LostStopped, 0, 5)]
    [InlineData(null, null, 0, 100, true, StartKind.Added, 0, 0)]
    [InlineData(null, null, 5, 100, true, StartKind.LostStopped, 0, 5)]
    [InlineData(200L, 200L, 0, 100, true, StartKind.TopicRecreated, 0, 0)]
    [InlineData(null, 200L, 7, 100, true, StartKind.TopicRecreated, 7, 0)]
    [InlineData(200L, null, 0, 100, false, StartKind.TopicRecreated, 0, 0)]
    [InlineData(200L, 90L, 0, 100, true, StartKind.ClickHouseBehind, 90, 0)]
    public void A_partition_begins_where_nothing_is_missed(
        long? committed,
        long? progress,
        long low,
        long high,
        bool known,
        StartKind kind,
        long offset,
        long lost
    )
    {
        var facts = new PartitionFacts(committed, progress, false, low, high, known);
        Assert.Equal(new PartitionStart(kind, offset, lost), PartitionStart.Of(facts, FirstStart.Beginning, LostOffset.Stop));
        var readOn = PartitionStart.Of(facts, FirstStart.Beginning, LostOffset.Earliest);
        Assert.Equal(
            kind == StartKind.LostStopped ? new PartitionStart(StartKind.LostReadOn, low, lost) : new PartitionStart(kind, offset, lost),
            readOn
        );
    }

    [Theory]
    [InlineData(null, null, false, StartKind.First, 100)]
    [InlineData(null, null, true, StartKind.Added, 0)]
    [InlineData(90L, null, false, StartKind.ClickHouseEmpty, 90)]
    [InlineData(null, 80L, true, StartKind.Progress, 80)]
    public void At_the_end_begins_only_what_nobody_knows(long? committed, long? progress, bool known, StartKind kind, long offset) =>
        Assert.Equal(
            new PartitionStart(kind, offset),
            PartitionStart.Of(new PartitionFacts(committed, progress, false, 0, 100, known), FirstStart.End, LostOffset.Stop)
        );

    [Fact]
    public void Progress_of_another_topic_of_this_name_counts_for_nothing() =>
        Assert.Equal(
            new PartitionStart(StartKind.TopicRecreated, 0),
            PartitionStart.Of(new PartitionFacts(null, 80, true, 0, 100, true), FirstStart.End, LostOffset.Stop)
        );

    [Theory]
    [InlineData(40, false, StartKind.Rewound, 40)]
    [InlineData(2, false, StartKind.Rewound, 10)]
    [InlineData(70, false, StartKind.Committed, 50)]
    [InlineData(70, true, StartKind.Rewound, 70)]
    [InlineData(900, true, StartKind.Rewound, 100)]
    public void An_order_sends_back_and_never_forward_unless_it_says_so(long ordered, bool forward, StartKind kind, long offset) =>
        Assert.Equal(
            new PartitionStart(kind, offset),
            PartitionStart.Of(new PartitionFacts(50, 80, false, 10, 100, true, ordered, forward), FirstStart.Beginning, LostOffset.Stop)
        );

    [Theory]
    [InlineData(1_000, false)]
    [InlineData(80, true)]
    public void A_topic_made_anew_is_noticed_although_a_rewind_is_ordered(long progress, bool isAnother) =>
        Assert.Equal(
            new PartitionStart(StartKind.TopicRecreated, 0),
            PartitionStart.Of(
                new PartitionFacts(null, progress, isAnother, 0, 100, true, Ordered: 0),
                FirstStart.Beginning,
                LostOffset.Stop
            )
        );

    [Theory]
    [InlineData(5, StartKind.LostStopped, 5, 5)]
    [InlineData(500, StartKind.TopicRecreated, 10, 0)]
    [InlineData(50, StartKind.TopicRecreated, 10, 0)]
    public void A_position_that_the_broker_refuses_is_lost_or_of_another_topic(long position, StartKind kind, long offset, long lost) =>
        Assert.Equal(new PartitionStart(kind, offset, lost), PartitionStart.OfRefused(position, 10, LostOffset.Stop));
}
