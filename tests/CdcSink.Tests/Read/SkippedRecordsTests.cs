using Betting.CdcSink.Messages;
using Betting.CdcSink.Read;
using Confluent.Kafka;
using Xunit;

namespace Betting.Tests.CdcSink.Read;

/// <summary>Which beginnings of a partition leave out records.</summary>
public sealed class SkippedRecordsTests
{
    static readonly TopicPartition Bets = new("betting.public.bets", 1);

    [Theory]
    [InlineData(StartKind.Committed, 60, 80L, null)]
    [InlineData(StartKind.Progress, 80, 80L, null)]
    [InlineData(StartKind.ClickHouseBehind, 80, 80L, null)]
    [InlineData(StartKind.GroupBehindTopic, 70, 80L, null)]
    [InlineData(StartKind.First, 0, null, null)]
    [InlineData(StartKind.Added, 0, null, null)]
    [InlineData(StartKind.LostStopped, 80, 80L, null)]
    [InlineData(StartKind.Rewound, 20, 80L, null)]
    [InlineData(StartKind.LostReadOn, 90, 80L, "betting.public.bets/1 from 80 to 90, generation 5")]
    [InlineData(StartKind.Rewound, 90, 80L, "betting.public.bets/1 from 80 to 90, generation 5")]
    [InlineData(StartKind.TopicRecreated, 0, 80L, "betting.public.bets/1 made anew after 80, generation 5")]
    [InlineData(StartKind.First, 40, null, "betting.public.bets/1 from 0 to 40, generation 0")]
    [InlineData(StartKind.ClickHouseEmpty, 40, null, "betting.public.bets/1 from 0 to 40, generation 0")]
    public void Records_behind_the_known_place_that_are_not_read_are_told(StartKind kind, long offset, long? reached, string? id)
    {
        PartitionPosition? before = reached is { } next ? new PartitionPosition(Bets.Topic, 1, next, next, 0, 0) { Generation = 5 } : null;

        Assert.Equal(id, SkippedRecords.Of(Bets, new PartitionStart(kind, offset), before)?.Id);
    }
}
