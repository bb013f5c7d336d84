using Betting.Tests.CdcSink.Stream;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Rebuild;

/// <summary>
/// <c>CdcSink migrate</c> lets rows stay longer than before: what has expired is gone until <c>CdcSink rebuild --all</c>.
/// </summary>
public sealed class LongerRuleTests(Servers servers)
{
    const string Shown =
        "SELECT (SELECT sum(bets) FROM summary_by_month), (SELECT count() FROM bets_analytics), whole_days > "
        + "'1900-01-01', whole_months > '1900-01-01' FROM kept_since";

    [Theory]
    [InlineData("never", "0|0")]
    [InlineData("84mo", "1|1")]
    public async Task What_expired_before_the_rule_got_longer_is_called_whole_only_after_a_rebuild_of_all_months(
        string keep,
        string afterwards
    )
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        var now = TimeProvider.System.GetUtcNow();
        var old = $"{now.AddMonths(-30):yyyy-MM-ddTHH:mm:ss.ffffff}Z";
        var made = new Made();
        await sink.ReplayAsync([
            made.Bet(1, Made.Columns($"\"placed_at\":\"{now:yyyy-MM-ddTHH:mm:ss.ffffff}Z\"")),
            made.Bet(2, Made.Columns($"\"placed_at\":\"{old}\"")),
        ]);
        async Task<string> SaidAsync(params string[] verb)
        {
            var (code, said) = await stream.VerbAsync(sink.ConnectionString, verb);
            Assert.True(code == 0, said);
            return said;
        }

        Assert.DoesNotContain(
            "rebuild --all",
            await SaidAsync("migrate", "--cold-after", "never", "--keep", "24mo"),
            StringComparison.Ordinal
        );
        await sink.QueryAsync("OPTIMIZE TABLE bets_analytics_rows FINAL");
        Assert.Contains(
            "run CdcSink rebuild --all",
            await SaidAsync("migrate", "--cold-after", "never", "--keep", keep),
            StringComparison.Ordinal
        );
        Assert.DoesNotContain(
            "rebuild --all",
            await SaidAsync("migrate", "--cold-after", "never", "--keep", keep),
            StringComparison.Ordinal
        );
        await SaidAsync("rebuild", "--from-month", $"{now:yyyy-MM}");

        Assert.Equal(["1|1|1|1"], await sink.QueryAsync(Shown));
        Assert.Equal(["1"], await sink.QueryAsync($"SELECT parseDateTime64BestEffort('{old}', 6, 'UTC') < whole_days FROM kept_since"));

        await SaidAsync("rebuild", "--all");
        Assert.Equal([$"2|2|{afterwards}"], await sink.QueryAsync(Shown));
        Assert.Equal(["0"], await sink.QueryAsync($"SELECT parseDateTime64BestEffort('{old}', 6, 'UTC') < whole_days FROM kept_since"));
    }

    [Theory]
    [InlineData("never", "37y")]
    [InlineData("433mo", "never")]
    public async Task More_than_36_years_are_refused_in_one_line(string coldAfter, string keep)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);

        var (code, said) = await stream.VerbAsync(sink.ConnectionString, "migrate", "--cold-after", coldAfter, "--keep", keep);

        Assert.Equal(78, code);
        Assert.Contains(
            "36 years at most",
            Assert.Single(said.Split('\n', StringSplitOptions.RemoveEmptyEntries)),
            StringComparison.Ordinal
        );
    }
}
