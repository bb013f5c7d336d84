using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Queries;

/// <summary>The runbook of a lost table says of each one how its rows come back.</summary>
public sealed class LostTableRunbookTests(Servers servers)
{
    [Fact]
    public async Task Every_table_that_holds_rows_is_named()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var tables = await sink.QueryAsync(
            "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree' AND NOT startsWith(name, "
                + "'summary_by_')"
        );
        var page = await File.ReadAllLinesAsync(
            Path.Combine(Installed.ProjectRoot, "docs", "runbooks", "cdcsink.md"),
            TestContext.Current.CancellationToken
        );
        var rows = page.SkipWhile(line => !line.StartsWith("| missing |", StringComparison.Ordinal))
            .TakeWhile(line => line.StartsWith('|'))
            .Select(line => line.Split('|')[1])
            .ToList();

        Assert.True(rows.Count > 10);
        Assert.All(tables, table => Assert.Contains(rows, row => row.Contains($"`{table}`", StringComparison.Ordinal)));
    }
}
