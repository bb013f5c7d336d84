using System.Globalization;
using Betting.CdcSink.Messages;
using Betting.Debezium;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Queries;

/// <summary>
/// PostgreSQL's clock is set ahead and back while bets are placed, one a second: <c>bets_as_of</c> shows what a prefix of the log adds up
/// to, or refuses the moment. Bets have the numbers 1, 2, 3… in the order of the log.
/// </summary>
public sealed partial class ClockJumpTests(Servers servers)
{
    static readonly DateTimeOffset Start = new(2026, 1, 1, 10, 0, 0, TimeSpan.Zero);

    readonly Made _made = new();
    readonly List<double> _times = [];
    int _bets;

    [Theory]
    [InlineData(3)]
    [InlineData(60)]
    [InlineData(7_200)]
    [InlineData(259_200)]
    public async Task Moments_that_the_clock_passed_twice_are_refused_after_it_was_set_ahead_and_back(int seconds)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await PlaceAsync(sink, from: 0, 10);
        await PlaceAsync(sink, from: seconds + 10, 5);
        await PlaceAsync(sink, from: 15, 10);

        await VisibleAsync(sink);
        // The times of the log fall where the clock came back: nothing of what it showed meanwhile is known.
        double[] passedTwice = seconds == 3 ? [15, 16.5, 17.5] : [11, 15, 20, 23.5];
        foreach (var moment in passedTwice)
        {
            await RefusedAsync(sink, moment);
        }
        Assert.Equal("9", await BetsAsync(sink, 8.5));

        await PlaceAsync(sink, from: seconds + 40, 5);
        await VisibleAsync(sink);
        foreach (var moment in passedTwice.Concat([seconds + 12, seconds + 14.5]))
        {
            await RefusedAsync(sink, moment);
        }
        Assert.Equal(("9", "28"), (await BetsAsync(sink, 8.5), await BetsAsync(sink, seconds + 42.5)));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(7_200)]
    [InlineData(259_200)]
    public async Task Moments_that_the_clock_passed_twice_are_refused_after_it_was_set_back_and_ahead(int seconds)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await PlaceAsync(sink, from: -seconds - 20, 5);
        await PlaceAsync(sink, from: 0, 10);
        await PlaceAsync(sink, from: 10 - seconds, 5);
        await VisibleAsync(sink);
        await RefusedAsync(sink, 11.5 - seconds);

        await PlaceAsync(sink, from: 15, 10);
        await VisibleAsync(sink);
        foreach (var moment in seconds == 3 ? [8, 9, 9.5] : new[] { 12 - seconds, 0, 5, 9.5, 12 })
        {
            await RefusedAsync(sink, moment);
        }
        Assert.Equal(("4", "23"), (await BetsAsync(sink, -seconds - 16.5), await BetsAsync(sink, 17.5)));
    }

    [Fact]
    public async Task A_jump_is_refused_for_ever_though_watermarks_are_kept_for_a_day()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await PlaceAsync(sink, from: 0, 5, betsToo: false);
        await PlaceAsync(sink, from: 7_200, 5, betsToo: false);
        await PlaceAsync(sink, from: 10, 5, betsToo: false);
        await VisibleAsync(sink);
        await VisibleAsync(sink);
        await sink.QueryAsync("TRUNCATE TABLE watermarks");
        await PlaceAsync(sink, from: 10_000, 2);
        await VisibleAsync(sink);

        await RefusedAsync(sink, 3_600);
        Assert.Equal(["1"], await sink.QueryAsync("SELECT count() FROM clock_jumps FINAL"));
    }

    /// <summary>A hold has a time. Where the clock was set over it, changes behind the hold have times before it.</summary>
    [Theory]
    [InlineData(-600, true)]
    [InlineData(8, false)]
    public async Task A_snapshot_is_refused_during_a_hold_over_whose_time_the_clock_was_set(int backTo, bool isOver)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await PlaceAsync(sink, from: 0, 5);
        await VisibleAsync(sink);
        await sink.QueryAsync(
            "INSERT INTO reconciliation_requests (id, reason, holds_from) SELECT 'a hold', 'a test', data_as_of FROM data_as_of"
        );
        await PlaceAsync(sink, from: 5, 8);
        await PlaceAsync(sink, from: backTo, 5);
        await VisibleAsync(sink);
        var seen = $"SELECT count() FROM bets_as_of_snapshot(epoch = 1, position = 1, xmax = 760, xip = [], taken = '{Moment(-600)}')";
        var refused = await Record.ExceptionAsync(() => sink.QueryAsync(seen));
        Assert.Equal(isOver, refused?.Message.Contains("around which the clock of PostgreSQL was set", StringComparison.Ordinal) ?? false);

        await sink.QueryAsync("INSERT INTO reconciliation_requests SELECT id, reason, asked_at, 2, 7, holds_from FROM holds");
        Assert.Equal(["0"], await sink.QueryAsync(seen));
    }

    [Fact]
    public async Task Watermarks_that_come_twice_and_in_another_order_say_the_same()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        StreamRecord[] watermarks = [.. new[] { 0, 5, 7_205, 7_210, 15, 20 }.Select((at, n) => Watermark(at, partition: n % 3))];
        foreach (var each in watermarks.Reverse().Concat(watermarks))
        {
            await sink.ApplyStreamedAsync([each]);
        }

        var gap = Assert.Single(await GapsAsync(sink));
        Assert.Equal("clock|1|2026-01-01 10:00:04.000000|2026-01-01 12:00:11.000000", gap);
    }

    [Fact]
    public async Task A_change_behind_the_newest_watermark_shows_the_fall_before_the_next_one_comes()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await PlaceAsync(sink, from: 7_200, 5);
        await VisibleAsync(sink);
        // Another partition than that of the bets before.
        await sink.ApplyStreamedAsync([Bet(10, partition: 1)]);

        await RefusedAsync(sink, 3_600);
        Assert.Equal("clock|1|2026-01-01 10:00:09.000000|2026-01-01 12:00:05.900000", Assert.Single(await GapsAsync(sink)));
    }

    [Fact]
    public async Task Changes_show_a_jump_for_which_no_watermark_came()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await PlaceAsync(sink, from: 0, 5);
        await sink.ApplyStreamedAsync([Bet(7_200), Bet(7_201), Bet(7), Bet(8)]);
        await PlaceAsync(sink, from: 9, 5);
        await PlaceAsync(sink, from: 8_000, 5);
        await VisibleAsync(sink);

        foreach (var moment in new[] { 7.5, 12, 3_600, 7_200 })
        {
            await RefusedAsync(sink, moment);
        }
        // The first of these bets may have been committed at any time after the last watermark before it.
        Assert.Equal(("4", "17"), (await BetsAsync(sink, 3.5), await BetsAsync(sink, 8_002.5)));
    }

    [Fact]
    public async Task Changes_that_a_restarted_connector_sends_again_and_long_transactions_are_no_jump()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await PlaceAsync(sink, from: 0, 5);
        StreamRecord[] sent = [.. Enumerable.Range(5, 20).Select(at => Bet(at))];
        await sink.ApplyStreamedAsync(sent);
        await sink.ApplyStreamedAsync([.. sent[5..].Select((record, n) => record with { Offset = record.Offset + 20 + n }), Bet(25)]);
        await PlaceAsync(sink, from: 30, 5);
        // Written before all the others, committed after them.
        await sink.ApplyStreamedAsync([Bet(36, lsn: 80_000, lastCommit: _made.Lsn)]);
        await PlaceAsync(sink, from: 40, 5);
        await VisibleAsync(sink);

        Assert.Empty(await GapsAsync(sink));
        Assert.Equal("26", await BetsAsync(sink, 26));
    }

    [Fact]
    public async Task Less_than_a_second_is_no_jump_since_commit_times_are_no_better()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        foreach (var at in new[] { 0, 1, 1.9, 1.1, 2, 3 })
        {
            await sink.ApplyStreamedAsync([Watermark(at), Bet(at)]);
        }
        await VisibleAsync(sink, 3);

        Assert.Empty(await GapsAsync(sink));
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, false)]
    [InlineData(4, false)]
    [InlineData(5, true)]
    [InlineData(6, true)]
    [InlineData(7, true)]
    [InlineData(8, true)]
    public async Task Whatever_the_clock_did_each_moment_that_is_not_refused_is_a_state_that_PostgreSQL_had(int seed, bool looksEachTime)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var random = new Random(seed);
        double[] jumps = [-3, 3, -60, 60, -7_200, 7_200, -259_200];
        var (offset, silent) = (0.0, 0);
        for (var batch = 0; batch < 20; batch++)
        {
            var records = new List<StreamRecord>();
            for (var second = 0; second < 10; second++)
            {
                var now = batch * 10 + second;
                offset += random.Next(40) == 0 ? jumps[random.Next(jumps.Length)] : 0;
                // The connector writes no watermarks while it is down, and sends the bets of that time later.
                silent =
                    silent > 0 ? silent - 1
                    : random.Next(50) == 0 ? 25
                    : 0;
                if (silent == 0)
                {
                    records.Add(Watermark(now + offset));
                }
                for (var each = 0; each < 4; each++)
                {
                    records.Add(Bet(now + offset + 0.05 + each / 5.0, partition: random.Next(3)));
                }
            }
            await sink.ApplyStreamedAsync(records);
            if (looksEachTime && _times.Count > 0)
            {
                await VisibleAsync(sink, batch * 10 + offset);
            }
        }
        await VisibleAsync(sink, 200 + offset);

        var wrong = await sink.QueryAsync(
            """
            WITH (SELECT groupArray((known_until, known_again)) FROM history_gaps) AS gaps,
                (SELECT groupUniqArray(committed_at) FROM bet_changes) AS moments
            SELECT moment, uniqExact(id) AS bets, max(id) AS newest
            FROM bet_changes ARRAY JOIN arrayFilter(each -> NOT arrayExists(gap -> each > gap.1 AND each < gap.2, gaps), moments) AS moment
            WHERE committed_at <= moment GROUP BY moment HAVING bets != newest ORDER BY moment LIMIT 3
            """
        );
        Assert.Empty(wrong);
        Assert.NotEmpty(await GapsAsync(sink));
        Assert.Equal("0", (await sink.QueryAsync("SELECT countIf(known_until > known_again) FROM history_gaps"))[0]);
    }

    /// <summary>A watermark and a bet every second of PostgreSQL's clock.</summary>
    async Task PlaceAsync(SinkUnderTest sink, double from, int seconds, bool betsToo = true)
    {
        var records = new List<StreamRecord>();
        for (var second = 0; second < seconds; second++)
        {
            if (betsToo)
            {
                records.Add(Bet(from + second));
            }
            records.Add(Watermark(from + second + 0.9));
        }
        await sink.ApplyStreamedAsync(records);
    }

    StreamRecord Bet(double at, int partition = 0, ulong? lsn = null, ulong? lastCommit = null) =>
        _made.Bet(
            ++_bets,
            Made.Columns(),
            committedMs: (Start + TimeSpan.FromSeconds(at)).ToUnixTimeMilliseconds(),
            partition: partition,
            lsn: lsn,
            lastCommit: lastCommit,
            epoch: "1"
        );

    StreamRecord Watermark(double at, int partition = 0)
    {
        _times.Add(at);
        return _made.Message(
            $$"""{"at" : "{{(Start + TimeSpan.FromSeconds(at)).ToString("yyyy-MM-ddTHH:mm:ss.ffffffzzz", CultureInfo.InvariantCulture)}}"}""",
            epoch: "1",
            partition: partition
        );
    }

    /// <summary>
    /// The newest watermark is visible, as the worker records it; <c>data_as_of</c> is no earlier than <paramref name="until"/>.
    /// </summary>
    async Task VisibleAsync(SinkUnderTest sink, double? until = null)
    {
        var newest = ulong.Parse((await sink.QueryAsync("SELECT max(version) FROM watermarks"))[0], CultureInfo.InvariantCulture);
        await sink.Visible.RecordVisibleAsync(
            new Watermark(Start + TimeSpan.FromSeconds(until ?? _times[^1]), new ChangeVersion(newest)),
            CancellationToken.None
        );
    }

    static async Task<string> BetsAsync(SinkUnderTest sink, double at) =>
        Assert.Single(await sink.QueryAsync($"SELECT count() FROM bets_as_of(moment = '{Moment(at)}')"));

    static async Task RefusedAsync(SinkUnderTest sink, double at)
    {
        var refused = await Assert.ThrowsAnyAsync<Exception>(() =>
            sink.QueryAsync($"SELECT count() FROM bets_as_of(moment = '{Moment(at)}')")
        );
        Assert.True(
            refused.Message.Contains("where the clock of PostgreSQL was set", StringComparison.Ordinal)
                || refused.Message.Contains("later than data_as_of", StringComparison.Ordinal),
            refused.Message
        );
    }

    static Task<List<string>> GapsAsync(SinkUnderTest sink) =>
        sink.QueryAsync(
            "SELECT DISTINCT of, epoch, toString(known_until), toString(known_again) FROM history_gaps WHERE of = 'clock' ORDER BY "
                + "known_until"
        );

    static string Moment(double at) =>
        (Start + TimeSpan.FromSeconds(at)).ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);
}
