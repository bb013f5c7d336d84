using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Queries;

public sealed class SummaryTests(Servers servers)
{
    const string Months = "SELECT month, event_category, bet_status, bets, users, stakes, payouts FROM summary_by_month ORDER BY ALL";

    [Fact]
    public async Task A_summary_is_what_the_exact_view_says_and_tells_of_which_moment_it_is()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ReplayAsync(KnownWorld.Records());
        await sink.Client.ExecuteNonQueryAsync(
            """
            INSERT INTO visible_watermarks (as_of, version) VALUES ('2025-04-02 00:00:00', 9)
            """
        );
        await RefreshAsync(sink, "summary_by_month");

        var exact = await sink.QueryAsync(
            "SELECT makeDate32(toYear(placed_at), toMonth(placed_at), 1), event_category, bet_status, count(), uniqExact(user_id), "
                + "sum(bet_amount), sum(ifNull(payout, 0)) FROM bets_analytics GROUP BY ALL ORDER BY ALL"
        );

        Assert.Equal(6, exact.Count);
        Assert.Equal(exact, await sink.QueryAsync(Months));
        Assert.Equal(["04/02/2025 00:00:00"], await sink.QueryAsync("SELECT DISTINCT data_as_of FROM summary_by_month"));
    }

    [Fact]
    public async Task A_summary_stays_as_it_was_until_its_refresh()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ReplayAsync(KnownWorld.Records().SkipLast(1));
        await RefreshAsync(sink, "summary_by_month");
        var before = await sink.QueryAsync(Months);
        await sink.ReplayAsync(KnownWorld.Records());

        Assert.Equal(before, await sink.QueryAsync(Months));
        await RefreshAsync(sink, "summary_by_month");
        Assert.NotEqual(before, await sink.QueryAsync(Months));
    }

    [Theory]
    [InlineData("summary_by_hour", "5 MINUTE")]
    [InlineData("summary_by_day", "1 HOUR")]
    [InlineData("summary_by_month", "1 DAY")]
    public async Task A_summary_is_refreshed_as_often_as_the_docs_say(string summary, string age)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);

        Assert.Contains(
            $"REFRESH EVERY {age}",
            (await sink.QueryAsync($"SHOW CREATE TABLE {summary}_refresh"))[0],
            StringComparison.Ordinal
        );
    }

    // A bet each minute of two hours, or each hour of two days, on either side of the tier's beginning.
    [Theory]
    [InlineData("summary_by_hour", 72, 1, 60)]
    [InlineData("summary_by_day", 400 * 24, 60, 24)]
    public async Task Every_bucket_that_is_shown_is_whole_and_the_oldest_too(string summary, int hoursBack, int minutes, int perBucket)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var now = TimeProvider.System.GetUtcNow();
        var oldest = (summary == "summary_by_hour" ? now.Date.AddHours(now.Hour) : now.Date).AddHours(-hoursBack);
        var made = new Made();
        await sink.ReplayAsync(
            Enumerable
                .Range(-perBucket, 3 * perBucket)
                .Select(at =>
                    made.Bet(at + 1000, Made.Columns($"\"placed_at\":\"{oldest.AddMinutes(minutes * at):yyyy-MM-ddTHH:mm:ss.ffffffZ}\""))
                )
        );
        await RefreshAsync(sink, summary);

        // The clock may pass the end of a bucket meanwhile: then the oldest is left out whole.
        var buckets = await sink.QueryAsync($"SELECT bets FROM {summary} ORDER BY 1");
        Assert.InRange(buckets.Count, 1, 2);
        Assert.All(buckets, bets => Assert.Equal(perBucket.ToString(System.Globalization.CultureInfo.InvariantCulture), bets));
    }

    [Theory]
    [InlineData("summary_by_month")]
    [InlineData("summary_by_day")]
    public async Task A_bucket_of_which_rows_may_have_expired_is_left_out(string summary)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        var expired = now.AddMonths(-6);
        var nextMonth = new DateTime(expired.Year, expired.Month, 1, 0, 0, 0, DateTimeKind.Utc).AddMonths(1);
        // At the end of a short month rows of several days expire at once.
        var nextDay = expired.Date.AddDays(1);
        while (nextDay.AddMonths(6) <= now)
        {
            nextDay = nextDay.AddDays(1);
        }
        DateTime[] placed = [expired.AddMinutes(-5), nextDay, nextMonth, now];
        var made = new Made();
        await sink.ReplayAsync(
            placed.Select((at, id) => made.Bet(id + 1, Made.Columns($"\"placed_at\":\"{at:yyyy-MM-ddTHH:mm:ss.ffffffZ}\"")))
        );
        await RefreshAsync(sink, summary);
        Assert.Equal(["4"], await sink.QueryAsync($"SELECT sum(bets) FROM {summary}"));

        await sink.QueryAsync("INSERT INTO row_retention (of, months) VALUES ('bets_analytics_rows', 6)");
        await RefreshAsync(sink, summary);

        var whole = placed.Count(at => at >= (summary == "summary_by_month" ? nextMonth : nextDay));
        Assert.InRange(whole, 2, 3);
        Assert.Equal([$"{whole}"], await sink.QueryAsync($"SELECT sum(bets) FROM {summary}"));
    }

    [Theory]
    [InlineData("1960-05-05T05:06:07.000000Z", "1960-05-01", null, null)]
    [InlineData("1969-12-31T23:30:00.000000Z", "1969-12-01", null, null)]
    [InlineData("1900-01-01T00:00:00.000000Z", "1900-01-01", null, null)]
    [InlineData("2110-05-05T05:06:07.000000Z", "2110-05-01", "2110-05-05", "2110-05-05 05:00:00")]
    [InlineData("2160-12-31T23:59:59.999999Z", "2160-12-01", "2160-12-31", "2160-12-31 23:00:00")]
    [InlineData("2163-02-28T00:00:00.000000Z", "2163-02-01", "2163-02-28", "2163-02-28 00:00:00")]
    [InlineData("2298-01-01T00:00:00.000000Z", "2298-01-01", "2298-01-01", "2298-01-01 00:00:00")]
    // Beyond what the tables show: at the end of what they do, with a mark.
    [InlineData("infinity", "2299-12-01", "2299-12-31", "2299-12-31 23:00:00")]
    [InlineData("-infinity", "1900-01-01", null, null)]
    public async Task A_time_at_the_edges_is_in_its_own_month_day_and_hour(string placed, string month, string? day, string? hour)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.ReplayAsync([new Made().Bet(1, Made.Columns($"\"placed_at\":\"{placed}\""))]);
        foreach (var (summary, bucket) in new[] { ("summary_by_month", month), ("summary_by_day", day), ("summary_by_hour", hour) })
        {
            await RefreshAsync(sink, summary);

            Assert.Equal(
                bucket is null ? [] : [$"{bucket}|1"],
                await sink.QueryAsync($"SELECT toString({summary["summary_by_".Length..]}), bets FROM {summary}")
            );
        }
    }

    static async Task RefreshAsync(SinkUnderTest sink, string summary)
    {
        await sink.Client.ExecuteNonQueryAsync($"SYSTEM REFRESH VIEW {summary}_refresh");
        await sink.Client.ExecuteNonQueryAsync($"SYSTEM WAIT VIEW {summary}_refresh");
    }
}
