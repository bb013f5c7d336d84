using Betting.CdcSink.KafkaTopics;
using Betting.CdcSink.Lag;
using Betting.CdcSink.Messages;
using Betting.Debezium;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Betting.Tests.CdcSink.Lag;

/// <summary>Up to which watermark everything is visible; without any server.</summary>
public sealed class WatermarkCoverTests
{
    static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    readonly FakeTimeProvider _clock = new(Noon);
    readonly WatermarkCover _cover;

    public WatermarkCoverTests() => _cover = new WatermarkCover(TimeSpan.FromSeconds(5), _clock);

    [Fact]
    public void A_watermark_counts_once_progress_covers_the_ends_that_were_read_after_it()
    {
        _cover.Aim(At(1), Ends(100, 50), isAcknowledged: true);

        Assert.Null(_cover.Reach(Progress(99, 50), Ends(100, 50)));
        Assert.Null(_cover.Reach(Progress(100, 49), Ends(120, 60)));
        Assert.Equal(At(1), _cover.Reach(Progress(100, 50), Ends(120, 60)));
        Assert.Null(_cover.Reach(Progress(120, 60), Ends(120, 60)));
    }

    [Fact]
    public void Under_traffic_that_never_ends_it_goes_on_from_goal_to_goal()
    {
        Watermark? last = null;
        for (var look = 1; look <= 20; look++)
        {
            _cover.Aim(At(look), Ends(100 * look, 10 * look), isAcknowledged: true);
            last = _cover.Reach(Progress(100 * look - 60, 10 * look - 6), Ends(100 * look, 10 * look)) ?? last;
            Assert.Equal(look == 1 ? null : At(look - 1), last);
        }
    }

    [Fact]
    public void A_long_backlog_does_not_push_the_goal_away()
    {
        for (var look = 1; look <= 50; look++)
        {
            _cover.Aim(At(look), Ends(1_000_000 + look, 0), isAcknowledged: true);
            Assert.Null(_cover.Reach(Progress(20_000 * (look - 1), 0), Ends(1_000_000 + look, 0)));
        }

        Assert.Equal(At(1), _cover.Reach(Progress(1_000_001, 0), Ends(1_000_051, 0)));
        Assert.Equal(At(50), _cover.Reach(Progress(1_000_051, 0), Ends(1_000_051, 0)));
    }

    [Fact]
    public void Where_nobody_says_what_the_brokers_acknowledged_it_waits_and_the_ends_are_those_of_the_end_of_the_wait()
    {
        _cover.Aim(At(1), Ends(10, 10), isAcknowledged: false);
        Assert.Null(_cover.Reach(Progress(10, 10), Ends(10, 10)));
        _clock.Advance(TimeSpan.FromSeconds(4));
        _cover.Aim(At(5), Ends(10, 10), isAcknowledged: false);
        Assert.Null(_cover.Reach(Progress(10, 10), Ends(10, 10)));
        _clock.Advance(TimeSpan.FromSeconds(1));
        _cover.Aim(At(6), Ends(12, 10), isAcknowledged: false);

        // Two records that precede it came late.
        Assert.Null(_cover.Reach(Progress(10, 10), Ends(12, 10)));
        Assert.Equal(At(1), _cover.Reach(Progress(12, 10), Ends(12, 10)));
    }

    [Fact]
    public void A_partition_that_did_not_answer_starts_the_wait_anew()
    {
        _cover.Aim(At(1), Ends(10, 10), isAcknowledged: false);
        _clock.Advance(TimeSpan.FromSeconds(9));
        _cover.Interrupt();
        _cover.Aim(At(10), Ends(10, 10), isAcknowledged: false);
        Assert.Null(_cover.Reach(Progress(10, 10), Ends(10, 10)));
        _clock.Advance(TimeSpan.FromSeconds(5));
        _cover.Aim(At(15), Ends(13, 10), isAcknowledged: false);

        Assert.Null(_cover.Reach(Progress(10, 10), Ends(13, 10)));
        Assert.Equal(At(10), _cover.Reach(Progress(13, 10), Ends(13, 10)));
    }

    [Fact]
    public void Progress_of_a_former_topic_covers_nothing_and_its_goals_are_forgotten()
    {
        _cover.Aim(At(1), Ends(1000, 10), isAcknowledged: true);

        Assert.Null(_cover.Reach(Progress(1000, 10), Ends(4, 10)));
        _cover.Aim(At(2), Ends(4, 10), isAcknowledged: true);
        Assert.Null(_cover.Reach(Progress(1000, 10), Ends(4, 10)));
        Assert.Equal(At(2), _cover.Reach(Progress(4, 10), Ends(5, 10)));
    }

    [Fact]
    public void A_partition_that_ClickHouse_knows_nothing_of_is_not_covered_unless_it_never_had_a_record()
    {
        _cover.Aim(At(1), [new StreamEnd("bets", 0, 0, 5), new StreamEnd("users", 0, 0, 0)], isAcknowledged: true);

        Assert.Null(
            _cover.Reach(
                new Dictionary<(string, int), VisiblePartition>(),
                [new StreamEnd("bets", 0, 0, 5), new StreamEnd("users", 0, 0, 0)]
            )
        );
        Assert.Equal(
            At(1),
            _cover.Reach(
                new Dictionary<(string, int), VisiblePartition> { [("bets", 0)] = new(5, 1) },
                [new StreamEnd("bets", 0, 0, 5), new StreamEnd("users", 0, 0, 0)]
            )
        );
    }

    [Fact]
    public void The_moment_that_a_watermark_proves_is_a_second_before_it() => Assert.Equal(Noon.AddSeconds(6), At(7).AsOf);

    static Watermark At(int second) => new(Noon.AddSeconds(second), ChangeVersion.Of(1, streamed: true, (ulong)(second * 8)));

    static StreamEnd[] Ends(long bets, long users) => [new("bets", 0, 0, bets), new("users", 0, 0, users)];

    static Dictionary<(string, int), VisiblePartition> Progress(long bets, long users) =>
        new() { [("bets", 0)] = new(bets, 1), [("users", 0)] = new(users, 1) };
}
