using Betting.CdcSink.Messages;
using Xunit;

namespace Betting.Tests.CdcSink.Commit;

/// <summary>What may be recorded while joins run beside the batches.</summary>
public sealed class HeldProgressTests
{
    readonly HeldProgress _progress = new();

    [Fact]
    public void Without_a_large_join_everything_is_recorded() =>
        Assert.Equal([("bets", 10), ("events", 5)], Recorded(_progress.Advance([At("bets", 10), At("events", 5)])));

    [Fact]
    public void What_brought_a_large_join_stays_where_it_was_and_the_rest_goes_on()
    {
        _progress.Advance([At("bets", 10), At("events", 5)]);
        var hold = Hold(At("bets", 20), At("events", 6));
        Assert.Equal([("bets", 20), ("events", 5)], Recorded(_progress.Advance([At("bets", 20), At("events", 6)])));
        Assert.Equal([("bets", 30), ("events", 5)], Recorded(_progress.Advance([At("bets", 30), At("events", 9)])));
        Assert.Equal([("events", 9)], Recorded(_progress.End(hold)));
    }

    [Fact]
    public void Of_several_joins_the_first_that_is_not_done_holds()
    {
        _progress.Advance([At("events", 5)]);
        var first = Hold(At("events", 6));
        _progress.Advance([At("events", 6)]);
        var second = Hold(At("events", 9));
        Assert.Equal([("events", 5)], Recorded(_progress.Advance([At("events", 9)])));
        Assert.Equal([("events", 6)], Recorded(_progress.End(first)));
        Assert.Equal([("events", 9)], Recorded(_progress.End(second)));
    }

    [Fact]
    public void A_later_join_that_is_done_first_moves_nothing_past_an_earlier_one()
    {
        _progress.Advance([At("events", 5)]);
        var first = Hold(At("events", 6));
        _progress.Advance([At("events", 6)]);
        var second = Hold(At("events", 9));
        _progress.Advance([At("events", 9)]);
        Assert.Equal([("events", 5)], Recorded(_progress.End(second)));
        Assert.Equal([("events", 9)], Recorded(_progress.End(first)));
    }

    [Fact]
    public void A_partition_of_which_nothing_was_done_before_is_not_recorded_at_all()
    {
        var hold = Hold(At("events", 6));
        Assert.Empty(_progress.Advance([At("events", 6)]));
        Assert.Equal([("events", 6)], Recorded(_progress.End(hold)));
    }

    [Fact]
    public void The_backlog_shows_what_is_held()
    {
        _progress.Advance([At("events", 5)]);
        Hold(At("events", 6));
        Assert.Equal(1_000_006, _progress.Advance([At("events", 6)]).Single().EndOffset);
    }

    [Fact]
    public void What_was_given_away_is_never_recorded_by_a_join_that_ends_later()
    {
        _progress.Advance([At("events", 5)]);
        var hold = Hold(At("events", 6));
        _progress.Advance([At("events", 6)]);
        _progress.Forget();
        Assert.Empty(_progress.End(hold));
    }

    HeldProgress.Hold Hold(params PartitionPosition[] positions) => _progress.Begin(positions, topic => topic == "events");

    static PartitionPosition At(string topic, long next) => new(topic, 0, next, 1_000_000 + next, 0, 0);

    static IEnumerable<(string, long)> Recorded(IEnumerable<PartitionPosition> positions) =>
        positions.Select(position => (position.Topic, position.NextOffset));
}
