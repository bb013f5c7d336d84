using System.Text.RegularExpressions;
using Betting.Schema;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Queries;

/// <summary>
/// The view <c>kept_since</c> at every day of some years, held against the table's own rule: both are asked with a given clock.
/// </summary>
public sealed partial class KeptSinceTests(Servers servers)
{
    const string Moments = """
        SELECT arrayJoin(arrayMap(half_day -> toDateTime64('2026-11-01 00:00:00', 6,
            'UTC') + toIntervalHour(12 * half_day) - toIntervalSecond(half_day % 2), range(1100))) AS moment,
            toUInt32(arrayJoin([1, 2, 3, 6, 13, 18, 84, 432])) AS months, toDateTime64('1900-01-01 00:00:00', 6, 'UTC') AS gone_before
        """;

    [Fact]
    public async Task No_row_of_the_first_whole_day_or_month_has_expired_and_one_of_those_before_has_whatever_the_date()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var view = (
            await sink.QueryAsync("SELECT as_select FROM system.tables WHERE database = currentDatabase() AND name = 'kept_since'")
        )[0];
        var given = Source()
            .Replace(
                view.Replace("now64(6, 'UTC') AS at", "any(moment) AS at", StringComparison.Ordinal)
                    .Replace("AS whole_months", "AS whole_months, at, kept", StringComparison.Ordinal),
                $"FROM ({Moments}) GROUP BY moment, months"
            );
        var rule = Rule().Match(new RowStorage(null, "cold", 0, 84).Statements(null, hasRules: false).Last()).Groups["end"].Value;
        string EndOf(string placed) => $"({rule.Replace("placed_at", placed, StringComparison.Ordinal)} + toIntervalMonth(kept))";

        var answers = await sink.QueryAsync(
            $"""
            SELECT toString(at), kept, toString(whole_days), toString(whole_months),
                {EndOf("whole_days")} > at AND {EndOf("(whole_days - INTERVAL 1 DAY)")} <= at AND {EndOf("whole_months")} > at
                AND {EndOf("(whole_months - INTERVAL 1 MONTH)")} <= at AND toDayOfMonth(whole_months) = 1 AS is_right
            FROM ({given}) ORDER BY at, kept
            """
        );

        Assert.Equal(1100 * 8, answers.Count);
        Assert.DoesNotContain(answers, answer => !answer.EndsWith("|1", StringComparison.Ordinal));
        Assert.Contains("2027-02-28 00:00:00.000000|18|2025-09-01 00:00:00.000000|2025-09-01 00:00:00.000000|1", answers);
    }

    [Theory]
    [InlineData("2026-03-01", "2026-03-01", "2026-03-01")]
    [InlineData("2026-03-02", "2026-03-02", "2026-04-01")]
    [InlineData("2026-01-31", "2026-01-31", "2026-02-01")]
    public async Task What_went_under_a_former_rule_is_in_no_whole_day_or_month(string gone, string days, string months)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.QueryAsync($"INSERT INTO row_retention (of, months, gone_before) VALUES ('bets_analytics_rows', 0, '{gone} 00:00:00')");
        Assert.Equal(
            [$"{days}|{months}"],
            await sink.QueryAsync("SELECT toString(toDate32(whole_days)), toString(toDate32(whole_months)) FROM kept_since")
        );

        await sink.QueryAsync(
            "INSERT INTO row_retention (of, months, gone_before) VALUES ('bets_analytics_rows', 432, '1980-05-05 00:00:00')"
        );
        Assert.Equal(["1|1"], await sink.QueryAsync("SELECT whole_days > '1990-01-01', whole_months > '1990-01-01' FROM kept_since"));
    }

    [GeneratedRegex(@"FROM \S*row_retention\s+FINAL\s+WHERE\s+of = 'bets_analytics_rows'")]
    private static partial Regex Source();

    [GeneratedRegex(@"MODIFY TTL (?<end>.*) \+ INTERVAL 84 MONTH DELETE")]
    private static partial Regex Rule();
}
