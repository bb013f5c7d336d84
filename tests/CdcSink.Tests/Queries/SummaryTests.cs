using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Queries;

public sealed class SummaryTests(Servers servers)
{
    const string Months = "SELECT month, event_category, bet_status, bets, users, stakes, payouts FROM summary_by_month ORDER BY ALL";

    [Fact]
    public async Task A_summary_is_what_the_exact_view_says_and_tells_of_which_moment_it_is()
    {
        using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ReplayAsync(KnownWorld.Records());
        await sink.Client.ExecuteNonQueryAsync("""
            INSERT INTO visible_watermarks (as_of, version) VALUES ('2025-04-02 00:00:00', 9)
            """);
        await RefreshAsync(sink, "summary_by_month");

        var exact = await sink.QueryAsync(
            "SELECT toStartOfMonth(placed_at), event_category, bet_status, count(), uniqExact(user_id), sum(bet_amount), sum(ifNull(payout, 0)) FROM bets_analytics GROUP BY ALL ORDER BY ALL");

        Assert.Equal(6, exact.Count);
        Assert.Equal(exact, await sink.QueryAsync(Months));
        Assert.Equal(["04/02/2025 00:00:00"], await sink.QueryAsync("SELECT DISTINCT data_as_of FROM summary_by_month"));
    }

    [Fact]
    public async Task A_summary_stays_as_it_was_until_its_refresh()
    {
        using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ReplayAsync(KnownWorld.Records().SkipLast(1));
        await RefreshAsync(sink, "summary_by_month");
        var before = await sink.QueryAsync(Months);
        await sink.ReplayAsync(KnownWorld.Records());

        Assert.Equal(before, await sink.QueryAsync(Months));
        await RefreshAsync(sink, "summary_by_month");
        Assert.NotEqual(before, await sink.QueryAsync(Months));
    }

    [Theory]
    [InlineData("summary_by_hour", "toStartOfHour(placed_at)", "5 MINUTE")]
    [InlineData("summary_by_day", "toDate(placed_at)", "1 HOUR")]
    public async Task Recent_bets_are_in_the_tiers_of_dashboards_and_reports(string summary, string time, string age)
    {
        using var sink = await SinkUnderTest.CreateAsync(servers);
        var recent = TimeProvider.System.GetUtcNow().AddHours(-5).ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", System.Globalization.CultureInfo.InvariantCulture);
        await sink.ReplayAsync([new Made().Bet(1, Made.Columns($"\"placed_at\":\"{recent}\""))]);
        await RefreshAsync(sink, summary);

        Assert.Equal(["1|10.00"], await sink.QueryAsync($"SELECT bets, stakes FROM {summary} WHERE {summary[11..]} = (SELECT {time} FROM bets_analytics)"));
        Assert.Contains($"REFRESH EVERY {age}", (await sink.QueryAsync($"SHOW CREATE TABLE {summary}"))[0], StringComparison.Ordinal);
    }

    static async Task RefreshAsync(SinkUnderTest sink, string summary)
    {
        await sink.Client.ExecuteNonQueryAsync($"SYSTEM REFRESH VIEW {summary}");
        await sink.Client.ExecuteNonQueryAsync($"SYSTEM WAIT VIEW {summary}");
    }
}
