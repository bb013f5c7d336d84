using Betting.CdcSink.Batches;
using Betting.CdcSink.Consume;
using Betting.Debezium;
using Confluent.Kafka;
using Xunit;

namespace Betting.Tests.CdcSink.Consume;

/// <summary>Offsets that bring no record: a transaction's, or records that are gone.</summary>
public sealed class OffsetGapTests
{
    static readonly TopicPartition Bets = new("betting.public.bets", 3);

    [Theory]
    [InlineData(1, 0, true)]
    [InlineData(2, 0, false)]
    [InlineData(2, 1, true)]
    [InlineData(3, 1, true)]
    [InlineData(4, 1, false)]
    [InlineData(200, 100, true)]
    [InlineData(201, 100, true)]
    [InlineData(202, 100, false)]
    public void Aborted_transactions_have_their_records_and_a_marker_each(long size, long aborted, bool isExplained) =>
        Assert.Equal(isExplained, new OffsetGap(Bets.Topic, Bets.Partition, 40, 40 + size).IsExplainedBy(aborted));

    [Fact]
    public void Gaps_between_records_and_before_the_end_are_told_once_from_where_the_partition_begins()
    {
        var positions = new ReadPositions();
        positions.Begin(Bets, new PartitionPosition(Bets.Topic, Bets.Partition, 5, 0, 0, 0));
        Read(5);
        Read(8);
        Read(9);
        Assert.True(positions.ReachEnd(Bets, 13));
        Assert.Equal([(6, 8), (10, 13)], Gaps(positions));
        Assert.Empty(Gaps(positions));

        // What is read again has no gap before it.
        positions.Begin(Bets, new PartitionPosition(Bets.Topic, Bets.Partition, 2, 0, 0, 0));
        Read(4);
        Assert.Equal([(2, 4)], Gaps(positions));

        void Read(long offset) => positions.Read(new StreamRecord(Bets.Topic, Bets.Partition, offset, 0, null, null, []), default);
    }

    static (long From, long To)[] Gaps(ReadPositions positions)
    {
        using var batch = new ChangeBatch();
        positions.WriteTo(batch, _ => -1);
        return [.. batch.Gaps.Select(gap => (gap.From, gap.To))];
    }
}
