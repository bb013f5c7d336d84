using System.Diagnostics.Metrics;
using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.KafkaTopics;
using Betting.CdcSink.Lag;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Betting.Tests.CdcSink.Lag;

/// <summary>What the gauges say in every state that the stream can be in; without any server.</summary>
public sealed class LagStateTests : IDisposable
{
    const string Bets = "betting.public.bets",
        Heartbeats = "__debezium-heartbeat.betting";

    static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
    readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    readonly StoresClock _stores;
    readonly LagState _state;
    readonly Readings _readings;

    public LagStateTests()
    {
        var factory = _services.GetRequiredService<IMeterFactory>();
        _stores = new StoresClock(_clock);
        _state = new LagState(_clock, _stores, Limit);
        _readings = new Readings(factory);
        _ = new LagMetrics(factory, _state);
    }

    [Fact]
    public void Right_after_a_start_nothing_is_said_that_is_not_known()
    {
        _state.SawEnds([new StreamEnd(Bets, 0, 0, 100)]);

        Assert.Null(Backlog("records"));
        Assert.Null(_readings.Of("cdcsink.freshness"));
        Assert.Null(_readings.Of("cdcsink.source.silent"));
        _clock.Advance(TimeSpan.FromMinutes(3));
        Assert.Equal((180, 180), (_readings.Of("cdcsink.lag.age", "of=clickhouse"), _readings.Of("cdcsink.lag.age", "of=kafka")));
        Assert.Null(_readings.Of("cdcsink.lag.age", "of=connect"));
        _state.SawEnds([new StreamEnd(Bets, 0, 0, 100)]);
        Assert.Equal(0, _readings.Of("cdcsink.lag.age", "of=kafka"));
    }

    [Fact]
    public void A_replica_before_the_first_watermark_says_that_nothing_is_known_to_be_visible_and_a_number_once_one_is()
    {
        _state.SawVisible(new VisibleProgress(new Dictionary<(string, int), VisiblePartition>(), null), sinceWatermark: null);
        Assert.Equal(
            (double.PositiveInfinity, double.PositiveInfinity),
            (_readings.Of("cdcsink.freshness"), _readings.Of("cdcsink.watermark.age"))
        );

        _state.SawVisible(new VisibleProgress(new Dictionary<(string, int), VisiblePartition>(), null), TimeSpan.FromSeconds(3));
        _state.SawVisibleUpTo(_clock.GetUtcNow().AddSeconds(-4));
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal((6, 5), (_readings.Of("cdcsink.freshness"), _readings.Of("cdcsink.watermark.age")));
    }

    [Fact]
    public void A_start_after_a_long_stop_knows_at_once_how_old_the_oldest_record_is()
    {
        _state.SawVisible(Visible(40, _clock.GetUtcNow().AddHours(-2)), TimeSpan.Zero);
        _state.SawEnds([new StreamEnd(Bets, 0, 0, 100)]);
        Assert.Equal([(Bets, 0, 40L)], _state.UnknownAges());
        Assert.Equal((60, null), (Backlog("records"), Backlog("age")));
        _state.SawOldest(Bets, 0, 40, _clock.GetUtcNow().AddHours(-2));

        Assert.Empty(_state.UnknownAges());
        Assert.Equal((60, 7200), (Backlog("records"), Backlog("age")));
        Assert.Equal(7200, _readings.Of("cdcsink.freshness"));
    }

    /// <summary>Alerts take the smallest value of all replicas, so one of a clock that is behind would hide what the others see.</summary>
    [Theory]
    [InlineData(20)]
    [InlineData(0)]
    [InlineData(-20)]
    public void Ages_are_counted_by_the_clock_of_ClickHouse_whatever_this_machine_s_says(int minutesBehind)
    {
        var now = _clock.GetUtcNow().AddMinutes(minutesBehind);
        _stores.Read((now - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);
        _state.SawVisible(Visible(40, now.AddMinutes(-2)), TimeSpan.FromMinutes(1));
        _state.SawEnds([new StreamEnd(Bets, 0, 0, 100)]);
        _state.SawOldest(Bets, 0, 40, now.AddMinutes(-2));
        _state.SawSource(now.AddMinutes(-3));
        _clock.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal((125, 125), (_readings.Of("cdcsink.freshness"), Backlog("age")));
        Assert.Equal((65, 185), (_readings.Of("cdcsink.watermark.age"), _readings.Of("cdcsink.source.silent")));
    }

    [Fact]
    public void A_look_grows_old_also_where_this_machine_s_clock_is_set_back()
    {
        var clock = new SteppedClock();
        var state = new LagState(clock, new StoresClock(clock), Limit);
        state.SawVisible(Visible(100, clock.GetUtcNow()), TimeSpan.Zero);
        clock.SetBackBy = TimeSpan.FromHours(1);
        clock.Advance(Limit + TimeSpan.FromSeconds(1));

        Assert.Null(state.Freshness());
        Assert.Equal(61, state.Ages().Single(age => age.Of == "clickhouse").Seconds);
    }

    [Fact]
    public void An_idle_stream_with_heartbeats_is_fresh()
    {
        Look(100, 100, heartbeats: 1);
        for (var beat = 2; beat < 50; beat++)
        {
            _clock.Advance(TimeSpan.FromSeconds(10));
            Look(100, 100, heartbeats: beat);

            Assert.Equal((0, 0), (Backlog("records"), Backlog("age")));
            Assert.Equal(0, _readings.Of("cdcsink.freshness"));
            Assert.Equal(0, _readings.Of("cdcsink.source.silent"));
        }
    }

    [Fact]
    public void A_dead_connector_is_silence_and_no_backlog()
    {
        Look(100, 100, heartbeats: 1);
        Look(100, 100, heartbeats: 2);
        var asOf = _clock.GetUtcNow();
        for (var minute = 1; minute <= 15; minute++)
        {
            _clock.Advance(TimeSpan.FromMinutes(1));
            _state.SawEnds([new StreamEnd(Bets, 0, 0, 100), new StreamEnd(Heartbeats, 0, 0, 2)]);
            _state.SawVisible(Visible(100, asOf), _clock.GetUtcNow() - asOf);

            Assert.Equal((0, 0), (Backlog("records"), Backlog("age")));
            Assert.Equal(60 * minute, _readings.Of("cdcsink.source.silent"));
            Assert.Equal(60 * minute, _readings.Of("cdcsink.freshness"));
        }
    }

    [Fact]
    public void A_replica_that_ClickHouse_does_not_answer_tells_what_it_saw_until_that_is_too_old_and_the_source_is_not_blamed()
    {
        Look(100, 100, heartbeats: 1);
        _state.SawMissing(0);
        _state.SawParts([new TableParts("bets", 3, 2)]);
        _clock.Advance(TimeSpan.FromSeconds(10));
        _state.SawEnds([new StreamEnd(Bets, 0, 0, 150), new StreamEnd(Heartbeats, 0, 0, 2)]);
        _state.SawOldest(Bets, 0, 100, _clock.GetUtcNow());
        _clock.Advance(Limit - TimeSpan.FromSeconds(10));
        _state.SawEnds([new StreamEnd(Bets, 0, 0, 900), new StreamEnd(Heartbeats, 0, 0, 40)]);
        Assert.Equal((800, 50), (Backlog("records"), Backlog("age")));
        Assert.Equal((60, 60), (_readings.Of("cdcsink.freshness"), _readings.Of("cdcsink.watermark.age")));
        Assert.Equal((0, 0), (_readings.Of("cdcsink.holds"), _readings.Of("cdcsink.partitions.missing")));
        Assert.Equal(2, _readings.Of("cdcsink.parts.fullest", "table=bets"));

        _clock.Advance(TimeSpan.FromSeconds(1));

        string[] gone = ["freshness", "watermark.age", "holds", "partitions.missing"];
        Assert.All(gone, gauge => Assert.Null(_readings.Of("cdcsink." + gauge)));
        Assert.Equal((null, null), (Backlog("records"), Backlog("age")));
        Assert.Null(_readings.Of("cdcsink.parts.fullest", "table=bets"));
        Assert.Null(_readings.Of("cdcsink.epoch", $"topic={Bets}"));
        Assert.Equal((61, 1), (_readings.Of("cdcsink.lag.age", "of=clickhouse"), _readings.Of("cdcsink.lag.age", "of=kafka")));
        Assert.Equal(1, _readings.Of("cdcsink.source.silent"));

        var held = Visible(100, _clock.GetUtcNow().AddMinutes(-20)) with { Holds = new OpenHolds(1, default, "a", "a test") };
        _state.SawVisible(held, TimeSpan.Zero);
        Assert.Equal((double.PositiveInfinity, 1), (_readings.Of("cdcsink.freshness"), _readings.Of("cdcsink.holds")));
        Assert.Equal(800, Backlog("records"));
    }

    [Fact]
    public void A_replica_that_Kafka_does_not_answer_tells_what_it_saw_until_that_is_too_old_and_its_own_age_says_why()
    {
        Look(100, 120, heartbeats: 1);
        Look(100, 121, heartbeats: 2);
        _state.SawMissing(0);
        _state.SawOldest(Bets, 0, 100, _clock.GetUtcNow());
        _clock.Advance(Limit);
        Visible();
        Assert.Equal((21, 60), (Backlog("records"), Backlog("age")));
        Assert.Equal(60, _readings.Of("cdcsink.source.silent"));

        _clock.Advance(TimeSpan.FromSeconds(1));
        Visible();

        Assert.Equal((null, null), (Backlog("records"), Backlog("age")));
        Assert.Equal((null, null), (_readings.Of("cdcsink.source.silent"), _readings.Of("cdcsink.partitions.missing")));
        Assert.Equal((0, 0), (_readings.Of("cdcsink.freshness"), _readings.Of("cdcsink.holds")));
        Assert.Equal(61, _readings.Of("cdcsink.lag.age", "of=kafka"));

        void Visible() => _state.SawVisible(LagStateTests.Visible(100, _clock.GetUtcNow()), TimeSpan.Zero);
    }

    [Fact]
    public void After_an_outage_of_Kafka_the_time_of_the_last_record_is_asked_and_not_taken_for_the_time_of_the_look()
    {
        Look(100, 100, heartbeats: 1);
        _state.SawSource(_clock.GetUtcNow());
        _clock.Advance(TimeSpan.FromMinutes(10));
        Assert.True(_state.KnowsSource);
        Look(100, 130, heartbeats: 20);
        Assert.False(_state.KnowsSource);
        Assert.Null(_readings.Of("cdcsink.source.silent"));

        _state.SawSource(_clock.GetUtcNow().AddMinutes(-7));
        Assert.Equal(420, _readings.Of("cdcsink.source.silent"));
        _clock.Advance(TimeSpan.FromSeconds(5));
        Look(100, 130, heartbeats: 20);
        Assert.Equal(425, _readings.Of("cdcsink.source.silent"));
        Look(100, 130, heartbeats: 21);
        Assert.Equal(0, _readings.Of("cdcsink.source.silent"));
    }

    [Fact]
    public void A_partition_that_does_not_answer_this_replica_has_no_backlog_after_the_limit_while_the_others_have()
    {
        _state.SawVisible(Visible(10, _clock.GetUtcNow()), TimeSpan.Zero);
        _state.SawEnds([new StreamEnd(Bets, 0, 0, 10), new StreamEnd(Bets, 1, 0, 0)]);
        for (var look = 0; look < 7; look++)
        {
            Assert.Equal((0, 0), (Backlog("records"), _readings.Of("cdcsink.backlog.records", $"topic={Bets},partition=1")));
            _clock.Advance(TimeSpan.FromSeconds(10));
            _state.SawVisible(Visible(10, _clock.GetUtcNow()), TimeSpan.Zero);
            _state.SawEnds([new StreamEnd(Bets, 1, 0, 0)]);
        }

        Assert.Equal((null, 0), (Backlog("records"), _readings.Of("cdcsink.backlog.records", $"topic={Bets},partition=1")));
    }

    [Fact]
    public void A_backlog_that_is_worked_off_gets_the_age_of_its_next_record()
    {
        Look(100, 200, heartbeats: 1);
        _state.SawOldest(Bets, 0, 100, _clock.GetUtcNow().AddSeconds(-50));
        Assert.Equal(50, Backlog("age"));
        Look(150, 200, heartbeats: 1);
        Assert.Contains((Bets, 0, 150L), _state.UnknownAges());
        _state.SawOldest(Bets, 0, 150, _clock.GetUtcNow().AddSeconds(-20));
        Assert.Equal((50, 20), (Backlog("records"), Backlog("age")));
        Look(200, 200, heartbeats: 1);
        Assert.Equal((0, 0), (Backlog("records"), Backlog("age")));
        Look(200, 200, heartbeats: 1);
        // The next backlog is not as old as the last one.
        _clock.Advance(TimeSpan.FromSeconds(9));
        Look(200, 230, heartbeats: 1);
        Assert.Equal((30, null), (Backlog("records"), Backlog("age")));
    }

    [Fact]
    public void Records_that_the_topic_has_deleted_are_no_backlog()
    {
        _state.SawVisible(Visible(40, _clock.GetUtcNow()), TimeSpan.Zero);
        _state.SawEnds([new StreamEnd(Bets, 0, 90, 100), new StreamEnd(Bets, 1, 7, 9)]);

        Assert.Equal(10, Backlog("records"));
        Assert.Equal(2, _readings.Of("cdcsink.backlog.records", $"topic={Bets},partition=1"));
        Assert.Equal([(Bets, 0, 90L), (Bets, 1, 7L)], _state.UnknownAges());
    }

    [Fact]
    public void The_epoch_of_a_topic_is_the_highest_of_its_partitions()
    {
        _state.SawVisible(
            new VisibleProgress(
                new Dictionary<(string, int), VisiblePartition>
                {
                    [(Bets, 0)] = new(1, 2),
                    [(Bets, 1)] = new(1, 3),
                    [(Heartbeats, 0)] = new(1, 0),
                },
                null
            ),
            null
        );

        Assert.Equal(3, _readings.Of("cdcsink.epoch", $"topic={Bets}"));
        Assert.Null(_readings.Of("cdcsink.epoch", $"topic={Heartbeats}"));
    }

    public void Dispose()
    {
        _readings.Dispose();
        _services.Dispose();
    }

    void Look(long visible, long end, long heartbeats)
    {
        _state.SawEnds([new StreamEnd(Bets, 0, 0, end), new StreamEnd(Heartbeats, 0, 0, heartbeats)]);
        _state.SawVisible(Visible(visible, _clock.GetUtcNow()), TimeSpan.Zero);
    }

    static VisibleProgress Visible(long bets, DateTimeOffset asOf) =>
        new(new Dictionary<(string, int), VisiblePartition> { [(Bets, 0)] = new(bets, 1), [(Heartbeats, 0)] = new(1000, 0) }, asOf);

    sealed class SteppedClock : TimeProvider
    {
        TimeSpan _elapsed;

        public TimeSpan SetBackBy { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _elapsed.Ticks;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddYears(56) + _elapsed - SetBackBy;

        public void Advance(TimeSpan by) => _elapsed += by;
    }

    double? Backlog(string of) => _readings.Of("cdcsink.backlog." + of, $"topic={Bets},partition=0");
}
