using Betting.CdcSink.Storage;
using Betting.Hosting;
using Betting.Schema;
using Betting.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Betting.Tests.CdcSink.Storage;

/// <summary>What a summary claims while <c>data_as_of</c> is held, and what it shows when the hold has ended.</summary>
public sealed class SummaryWatchTests(Servers servers)
{
    const string Month = "SELECT sum(bets), toString(max(data_as_of)) FROM summary_by_month";

    [Theory]
    // Held now: what claims more than is proven.
    [InlineData(50L, 0, null, 60L, true)]
    [InlineData(50L, 0, null, 50L, false)]
    [InlineData(0L, 0, null, 1L, true)]
    [InlineData(0L, 0, null, null, false)]
    [InlineData(50L, 2, 70L, 60L, true)]
    [InlineData(50L, 2, 70L, 40L, false)]
    // One has ended since: what was computed under it.
    [InlineData(null, 2, 50L, 50L, true)]
    [InlineData(null, 2, 50L, null, true)]
    [InlineData(null, 2, 0L, null, true)]
    [InlineData(null, 2, 50L, 60L, true)]
    // None has ended since.
    [InlineData(null, 1, 50L, 50L, false)]
    [InlineData(null, 1, 50L, null, false)]
    public void A_summary_is_in_doubt_if_it_claims_what_is_held_back_or_is_from_before_a_repair(
        long? held,
        long ended,
        long? latest,
        long? claim,
        bool isIn
    )
    {
        var doubt = new SummaryDoubt();
        doubt.Seen(new Holds(null, 1, 50));
        doubt.Seen(new Holds(50, 1, 50));

        Assert.Equal(isIn, doubt.IsIn(new Holds(held, ended, latest), claim));
    }

    [Theory]
    [InlineData(50L, 50L, true)]
    [InlineData(50L, null, true)]
    [InlineData(50L, 60L, false)]
    [InlineData(null, null, false)]
    [InlineData(null, 60L, false)]
    public void At_the_first_look_of_a_worker_a_summary_is_in_doubt_if_it_is_as_old_as_a_hold_that_has_ended(
        long? latest,
        long? claim,
        bool isIn
    ) => Assert.Equal(isIn, new SummaryDoubt().IsIn(new Holds(null, latest is null ? 0 : 3, latest), claim));

    [Fact]
    public async Task A_hold_that_ended_between_two_looks_or_before_the_first_is_noticed_once()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var watch = new SummaryWatch(
            new SummaryStore(sink.Client),
            new Heartbeats(TimeProvider.System),
            TimeProvider.System,
            NullLogger<SummaryWatch>.Instance
        );
        var made = new Made();
        await sink.ReplayAsync([made.Bet(1, Made.Columns())]);
        await sink.QueryAsync("INSERT INTO visible_watermarks (as_of, version) VALUES ('2026-01-01 10:00:00', 9)");
        for (var holds = 1; holds <= 2; holds++)
        {
            await sink.QueryAsync(
                $"INSERT INTO reconciliation_requests (id, reason, holds_from) VALUES ('sign-{holds}', 'a loss', '2026-01-01 09:00:00')"
            );
            await sink.QueryAsync("SYSTEM REFRESH VIEW summary_by_month_refresh");
            Assert.Equal($"{holds}|2026-01-01 09:00:00.000000", await MonthAsync(sink));
            await sink.ReplayAsync([made.Bet(holds + 1, Made.Columns())]);
            await sink.QueryAsync(
                $"INSERT INTO reconciliation_requests (id, reason, answered, run_id, holds_from) VALUES "
                    + $"('sign-{holds}', 'a loss', 2, 1, '2026-01-01 09:00:00')"
            );
            await watch.PollAsync(CancellationToken.None);
            Assert.Equal($"{holds + 1}|2026-01-01 10:00:00.000000", await MonthAsync(sink));
        }
        await sink.ReplayAsync([made.Bet(9, Made.Columns())]);
        await watch.PollAsync(CancellationToken.None);
        Assert.Equal("3|2026-01-01 10:00:00.000000", await MonthAsync(sink));
    }

    [Fact]
    public async Task A_summary_that_was_refreshed_after_a_loss_claims_no_more_than_is_proven_and_is_right_after_the_repair()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var watch = new SummaryWatch(
            new SummaryStore(sink.Client),
            new Heartbeats(TimeProvider.System),
            TimeProvider.System,
            NullLogger<SummaryWatch>.Instance
        );
        var made = new Made();
        await sink.ReplayAsync([made.Bet(1, Made.Columns())]);
        await sink.QueryAsync("INSERT INTO visible_watermarks (as_of, version) VALUES ('2026-01-01 10:00:00', 9)");
        await sink.QueryAsync("SYSTEM REFRESH VIEW summary_by_month_refresh");
        Assert.Equal("1|2026-01-01 10:00:00.000000", await MonthAsync(sink));
        await sink.QueryAsync("INSERT INTO visible_watermarks (as_of, version) VALUES ('2026-01-01 11:00:00', 10)");
        await watch.PollAsync(CancellationToken.None);
        Assert.Equal("1|2026-01-01 10:00:00.000000", await MonthAsync(sink));

        await sink.QueryAsync(
            "INSERT INTO reconciliation_requests (id, reason, holds_from) VALUES ('sign', 'a loss', '2026-01-01 09:00:00')"
        );
        await watch.PollAsync(CancellationToken.None);
        Assert.Equal("1|2026-01-01 09:00:00.000000", await MonthAsync(sink));

        // The lost bet comes, and a run finds everything equal.
        await sink.ReplayAsync([made.Bet(2, Made.Columns())]);
        await watch.PollAsync(CancellationToken.None);
        Assert.Equal("1|2026-01-01 09:00:00.000000", await MonthAsync(sink));
        await sink.QueryAsync(
            "INSERT INTO reconciliation_requests (id, reason, answered, run_id, holds_from) VALUES ('sign', 'a "
                + "loss', 2, 1, '2026-01-01 09:00:00')"
        );
        await watch.PollAsync(CancellationToken.None);
        Assert.Equal("2|2026-01-01 11:00:00.000000", await MonthAsync(sink));
    }

    [Fact]
    public async Task A_summary_that_is_lost_does_not_keep_the_others_from_being_refreshed()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var watch = new SummaryWatch(
            new SummaryStore(sink.Client),
            new Heartbeats(TimeProvider.System),
            TimeProvider.System,
            NullLogger<SummaryWatch>.Instance
        );
        await sink.ReplayAsync([new Made().Bet(1, Made.Columns())]);
        await sink.QueryAsync("INSERT INTO visible_watermarks (as_of, version) VALUES ('2026-01-01 10:00:00', 9)");
        await sink.QueryAsync("SYSTEM REFRESH VIEW summary_by_month_refresh");
        Assert.Equal("1|2026-01-01 10:00:00.000000", await MonthAsync(sink));
        await sink.QueryAsync("DROP TABLE summary_by_hour_refresh SYNC");
        await sink.QueryAsync("DROP TABLE summary_by_hour SYNC");

        await sink.QueryAsync(
            "INSERT INTO reconciliation_requests (id, reason, holds_from) VALUES ('sign', 'a loss', '2026-01-01 09:00:00')"
        );
        await watch.PollAsync(CancellationToken.None);

        Assert.Equal("1|2026-01-01 09:00:00.000000", await MonthAsync(sink));
    }

    [Fact]
    public void Of_the_users_the_sink_may_refresh_and_nobody_else()
    {
        var may = ClickHouseUsers.Names.Where(name =>
            ClickHouseUsers
                .Statements("betting", new NamedPassword(name, "secret"), null)
                .Last()
                .Contains("SYSTEM VIEWS ON `betting`.*", StringComparison.Ordinal)
        );

        Assert.Equal(["sink"], may);
    }

    static async Task<string> MonthAsync(SinkUnderTest sink)
    {
        await sink.Client.ExecuteNonQueryAsync("SYSTEM WAIT VIEW summary_by_month_refresh");
        return (await sink.QueryAsync(Month))[0];
    }
}
