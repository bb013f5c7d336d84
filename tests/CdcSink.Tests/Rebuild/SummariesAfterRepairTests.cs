using System.Globalization;
using System.Text.RegularExpressions;
using Betting.CdcSink.Rebuild;
using Betting.CdcSink.Storage;
using Betting.Schema;
using Betting.Tests.CdcSink.Queries;
using Betting.Tests.CdcSink.Stream;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Rebuild;

/// <summary>The rows of bets are lost, summaries are refreshed meanwhile, and somebody follows the runbook.</summary>
public sealed partial class SummariesAfterRepairTests(Servers servers)
{
    const string Months =
        "SELECT toString(month), event_category, bet_status, bets, users, toDecimalString(stakes, 2), "
        + "toDecimalString(payouts, 2) FROM summary_by_month ORDER BY month, event_category, bet_status";

    [Fact]
    public async Task The_statements_of_the_runbook_in_their_order_bring_rows_and_summaries_back()
    {
        var world = new GeneratedWorld(7, 400);
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await sink.ReplayAsync(world.Log.Records);
        await sink.QueryAsync("DROP TABLE bets_analytics_rows SYNC");
        var (code, said) = await stream.VerbAsync(sink.ConnectionString, "migrate");
        Assert.True(code == 1 && said.Contains("bets_analytics_rows is missing", StringComparison.Ordinal), said);

        foreach (var statement in ClickHouseMigrator.Script(null).Where(statement => OfRows().IsMatch(statement)))
        {
            await sink.Client.ExecuteNonQueryAsync(statement);
        }
        // The timers fire while the new table is empty.
        using (var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60)))
        {
            Assert.Null(
                await new SummaryRefresh(new SummaryStore(sink.Client), TimeSpan.FromSeconds(60), TimeProvider.System).RunAsync(limit.Token)
            );
        }
        Assert.Empty(await sink.QueryAsync(Months));
        Assert.Equal(0, (await stream.VerbAsync(sink.ConnectionString, "migrate", "--cold-after", "never", "--keep", "never")).ExitCode);
        (code, said) = await stream.VerbAsync(sink.ConnectionString, "rebuild", "--all");
        Assert.True(code == 0 && said.Contains("the summaries are refreshed", StringComparison.Ordinal), said);
        Assert.Contains(
            "the schema is current",
            (await stream.VerbAsync(sink.ConnectionString, "migrate")).Output,
            StringComparison.Ordinal
        );

        await using var postgres = await PostgresWorld.CreateAsync(servers, world.Log);
        var expected = await postgres.AskAsync("summary-by-month", []);
        Assert.NotEmpty(expected);
        Assert.Equal(expected, (await sink.QueryAsync(Months)).Select(row => row.Replace("|", " | ", StringComparison.Ordinal)));
        foreach (
            var (summary, since) in new[]
            {
                ("summary_by_day", "toStartOfDay(now('UTC')) - INTERVAL 400 DAY"),
                ("summary_by_hour", "toStartOfHour(now('UTC')) - INTERVAL 72 HOUR"),
            }
        )
        {
            var bets = await sink.QueryAsync($"SELECT count() FROM bets_analytics WHERE placed_at >= {since}");
            Assert.True(long.Parse(bets[0], CultureInfo.InvariantCulture) > 0, summary);
            Assert.Equal(bets, await sink.QueryAsync($"SELECT sum(bets) FROM {summary}"));
        }
    }

    [Fact]
    public async Task A_summary_that_cannot_be_refreshed_is_named_in_one_line_and_the_rows_are_derived_anew_all_the_same()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await sink.ReplayAsync(KnownWorld.Records());
        await sink.QueryAsync("TRUNCATE TABLE bets_analytics_rows");
        await sink.QueryAsync("DROP TABLE summary_by_day_refresh SYNC");

        var (code, said) = await stream.VerbAsync(sink.ConnectionString, "rebuild", "--all");

        Assert.Equal(1, code);
        var line = Assert.Single(said.Split('\n'), line => line.Contains("is not refreshed", StringComparison.Ordinal));
        Assert.StartsWith("CdcSink rebuild: summary_by_day is not refreshed: ", line, StringComparison.Ordinal);
        Assert.EndsWith("The rows are derived anew", line.TrimEnd(), StringComparison.Ordinal);
        Assert.DoesNotContain("run it again", said, StringComparison.Ordinal);
        Assert.Equal(["7"], await sink.QueryAsync("SELECT count() FROM bets_analytics"));
    }

    [GeneratedRegex(@"^(?:\s|--.*\n)*(CREATE (OR REPLACE )?TABLE (IF NOT EXISTS )?|ALTER TABLE )bets_analytics_rows\b")]
    private static partial Regex OfRows();
}
