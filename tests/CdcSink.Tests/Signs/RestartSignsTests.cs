using Betting.Debezium;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Signs;

/// <summary>Which restarts of PostgreSQL hold data_as_of: those behind changes that no watermark before the restart covers.</summary>
public sealed class RestartSignsTests(Servers servers)
{
    const string Earlier = "2026-01-01T08:00:00+00:00",
        Restarted = "2026-01-01T10:30:00+00:00";

    static readonly DateTimeOffset Hour = new(2026, 1, 1, 10, 0, 0, TimeSpan.Zero);

    readonly Made _made = new();

    [Theory]
    // Seconds after the last watermark before the restart, at which the last change was committed.
    [InlineData(0, false)]
    [InlineData(9, false)]
    [InlineData(60, true)]
    [InlineData(1500, true)]
    // After the restart.
    [InlineData(1801, false)]
    public async Task A_restart_holds_where_changes_came_that_were_committed_long_after_the_last_watermark(int committed, bool isHeld)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ApplyStreamedAsync([_made.Linked(1, previous: 0, lsn: 800, at: "2026-01-01T09:59:59+00:00", started: Earlier)]);
        await VisibleAsync(sink);
        await sink.ApplyStreamedAsync([
            _made.Linked(2, previous: 1, lsn: 1600, at: "2026-01-01T10:00:00+00:00", started: Earlier),
            Bet(1, committed, 2400),
        ]);
        await sink.ApplyStreamedAsync([_made.Linked(3, previous: 2, lsn: 80_000, at: "2026-01-01T10:31:00+00:00", started: Restarted)]);

        await VisibleAsync(sink);
        await VisibleAsync(sink);

        Assert.Equal(isHeld ? "2026-01-01 09:59:58.000000" : "2026-01-01 10:30:59.000000", await AsOfAsync(sink));
        string[] reasons = isHeld
            ? ["PostgreSQL was restarted behind a backlog: it may have been restored from a copy without a new epoch"]
            : [];
        Assert.Equal(reasons, await sink.QueryAsync("SELECT reason FROM reconciliation_requests FINAL WHERE startsWith(id, 'Restart of')"));
    }

    [Theory]
    [InlineData("2026-01-02T08:00:00+00:00", false)]
    [InlineData("2026-01-02T10:00:00+00:00", true)]
    public async Task A_restart_after_a_day_without_watermarks_holds_because_nobody_knows_what_came_behind_the_last_one(
        string at,
        bool isHeld
    )
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ApplyStreamedAsync([_made.Linked(1, previous: 0, lsn: 800, at: "2026-01-01T10:00:00+00:00", started: Earlier)]);
        await VisibleAsync(sink);
        await sink.ApplyStreamedAsync([_made.Linked(2, previous: 1, lsn: 80_000, at: at, started: "2026-01-02T07:59:00+00:00")]);
        await VisibleAsync(sink);
        Assert.Equal([isHeld ? "1" : "0"], await sink.QueryAsync("SELECT toString(count()) FROM holds WHERE startsWith(id, 'Restart of')"));
    }

    [Fact]
    public async Task The_hold_ends_with_an_equal_run_and_the_same_restart_asks_no_second_time()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ApplyStreamedAsync([
            _made.Linked(1, previous: 0, lsn: 800, at: "2026-01-01T10:00:00+00:00", started: Earlier),
            Bet(1, 60, 1600),
        ]);
        await sink.ApplyStreamedAsync([_made.Linked(2, previous: 1, lsn: 80_000, at: "2026-01-01T10:31:00+00:00", started: Restarted)]);
        await VisibleAsync(sink);
        await sink.QueryAsync("INSERT INTO reconciliation_requests SELECT id, reason, asked_at, 2, 7, holds_from FROM holds");
        Assert.Equal("2026-01-01 10:30:59.000000", await AsOfAsync(sink));

        await sink.ApplyStreamedAsync([_made.Linked(3, previous: 2, lsn: 88_000, at: "2026-01-01T10:32:00+00:00", started: Restarted)]);
        await VisibleAsync(sink);
        Assert.Equal("2026-01-01 10:31:59.000000", await AsOfAsync(sink));
        Assert.Equal(
            ["1"],
            await sink.QueryAsync("SELECT toString(count()) FROM reconciliation_requests FINAL WHERE startsWith(id, 'Restart of')")
        );
    }

    /// <summary>
    /// A copy that is older than what came: its new log has the positions of the former one, and watermarks of both lie side by side.
    /// </summary>
    [Fact]
    public async Task After_a_restore_in_the_same_epoch_the_restart_is_told_once_however_often_the_watermarks_of_both_logs_alternate()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ApplyStreamedAsync([_made.Linked(1, previous: 0, lsn: 800, at: "2026-01-01T10:00:00+00:00", started: Earlier)]);
        await VisibleAsync(sink);
        await sink.ApplyStreamedAsync([
            Bet(1, 600, 40_000),
            .. Enumerable
                .Range(1, 20)
                .Select(each =>
                    _made.Linked(
                        1 + each,
                        previous: each,
                        lsn: (ulong)(2000 + 800 * each),
                        at: $"2026-01-01T10:05:{each:00}+00:00",
                        started: Earlier
                    )
                ),
        ]);
        await sink.ApplyStreamedAsync([
            .. Enumerable
                .Range(1, 30)
                .Select(each =>
                    _made.Linked(
                        100 + each,
                        previous: each == 1 ? 1 : 99 + each,
                        lsn: (ulong)(2400 + 800 * each),
                        at: $"2026-01-01T10:31:{each:00}+00:00",
                        started: Restarted
                    )
                ),
        ]);

        await VisibleAsync(sink);
        await VisibleAsync(sink);
        await sink.ApplyStreamedAsync([_made.Linked(200, previous: 130, lsn: 80_000, at: "2026-01-01T10:32:00+00:00", started: Restarted)]);
        await VisibleAsync(sink);

        Assert.Equal(
            ["1"],
            await sink.QueryAsync("SELECT toString(count()) FROM reconciliation_requests FINAL WHERE startsWith(id, 'Restart of')")
        );
    }

    [Fact]
    public async Task Two_days_after_the_last_watermark_the_restart_is_noticed_too()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ApplyStreamedAsync([_made.Linked(1, previous: 0, lsn: 800, at: "2026-01-01T10:00:00+00:00", started: Earlier)]);
        await VisibleAsync(sink);
        await sink.QueryAsync("TRUNCATE TABLE watermarks");
        await sink.ApplyStreamedAsync([
            Bet(1, 60, 1600),
            _made.Linked(2, previous: 1, lsn: 80_000, at: "2026-01-01T10:31:00+00:00", started: Restarted),
        ]);
        await VisibleAsync(sink);
        Assert.Equal("2026-01-01 09:59:59.000000", await AsOfAsync(sink));
    }

    [Fact]
    public async Task A_copy_without_the_last_watermark_is_noticed_by_the_restart_also_where_the_sink_was_restarted_meanwhile()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ApplyStreamedAsync([_made.Linked(1, previous: 0, lsn: 800, at: "2026-01-01T10:00:00+00:00", started: Earlier)]);
        await sink.ApplyStreamedAsync([_made.Linked(2, previous: 1, lsn: 1600, at: "2026-01-01T10:00:01+00:00", started: Earlier)]);
        await VisibleAsync(sink);
        await using var restarted = sink.Restarted();
        await restarted.ApplyStreamedAsync([
            _made.Linked(3, previous: 1, lsn: 80_000, at: "2026-01-01T10:00:31+00:00", started: Restarted),
        ]);
        await VisibleAsync(sink);
        Assert.Equal("2026-01-01 09:59:59.000000", await AsOfAsync(sink));
        Assert.Equal(
            ["1"],
            await sink.QueryAsync("SELECT toString(count()) FROM holds WHERE startsWith(id, 'Predecessor of the watermarks of epoch 1')")
        );
    }

    [Fact]
    public async Task A_new_epoch_and_messages_that_do_not_name_a_start_are_no_sign()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ApplyStreamedAsync([_made.Linked(1, previous: 0, lsn: 800, at: "2026-01-01T10:00:00+00:00"), Bet(1, 60, 1600)]);
        await sink.ApplyStreamedAsync([_made.Linked(2, previous: 1, lsn: 8000, at: "2026-01-01T10:31:00+00:00", started: Restarted)]);
        await VisibleAsync(sink);
        await sink.ApplyStreamedAsync([
            _made.Linked(9, previous: 8, lsn: 80, at: "2026-01-01T11:31:00+00:00", epoch: "2", started: "2026-01-01T11:00:00+00:00"),
        ]);
        await VisibleAsync(sink);
        Assert.Equal("2026-01-01 11:30:59.000000", await AsOfAsync(sink));
    }

    StreamRecord Bet(int id, int seconds, ulong lsn) =>
        _made.Bet(id, Made.Columns(), committedMs: Hour.AddSeconds(seconds).ToUnixTimeMilliseconds(), lsn: lsn, lastCommit: lsn - 8);

    /// <summary>Everything that came is covered.</summary>
    static async Task VisibleAsync(SinkUnderTest sink)
    {
        if ((await sink.Visible.WatermarkAsync(null, null, CancellationToken.None)).Newest is { } newest)
        {
            await sink.Visible.RecordVisibleAsync(newest, CancellationToken.None);
        }
    }

    static async Task<string> AsOfAsync(SinkUnderTest sink) =>
        (await sink.QueryAsync("SELECT ifNull(toString(data_as_of), 'NULL') FROM data_as_of"))[0];
}
