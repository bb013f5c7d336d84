using Betting.Ingest.Receive.Kafka;

namespace Betting.Tests.Ingest.Receive.Kafka;

/// <summary>What is lost where the broker does not have the offset that a partition is to be read from.</summary>
public sealed class LostPlaceTests
{
    const long None = -1001;

    // committed, position, first, end → wanted, known, lost
    [Theory]
    [InlineData(1, None, 3, 4, 1, true, 2)]
    [InlineData(1, 2, 3, 4, 1, true, 2)]
    [InlineData(7, None, 0, 3, 7, true, 0)]
    [InlineData(None, 7, 0, 3, 7, true, 0)]
    [InlineData(None, 2, 3, 9, 2, true, 1)]
    [InlineData(None, None, 5, 10, 0, false, 0)]
    [InlineData(None, None, 5, 5, 0, false, 0)]
    [InlineData(0, None, 5, 10, 0, true, 5)]
    public void A_place_that_is_gone_is_a_loss(long committed, long position, long first, long end, long wanted, bool isKnown, long lost)
    {
        var place = LostPlace.Of(committed, position, first, end);

        Assert.Equal(new LostPlace(wanted, isKnown, first, end), place);
        Assert.Equal(lost, place!.Value.Lost);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    public void A_group_without_an_offset_misses_nothing_of_a_topic_that_has_its_first_record(long end) =>
        Assert.Null(LostPlace.Of(None, None, 0, end));
}
