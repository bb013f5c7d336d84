using System.Text;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Queries;

/// <summary>
/// Every table and column says what it means, and docs/data-dictionary.md is made of that: <c>UPDATE_SNAPSHOTS=1</c> writes the page.
/// </summary>
public sealed class DataDictionaryTests(Servers servers)
{
    static readonly string Page = Path.Combine(Installed.ProjectRoot, "docs", "data-dictionary.md");

    /// <summary>ClickHouse takes no comments on their columns, and nobody queries them.</summary>
    const string Feeds = "engine = 'MaterializedView'";

    // Who asks them, in this order; every other table is the workers' own.
    static readonly string[] ForPeople =
    [
        "bets_analytics",
        "bet_marks",
        "summary_by_hour",
        "summary_by_day",
        "summary_by_month",
        "data_as_of",
        "holds",
        "bets_as_of",
        "bets_as_of_snapshot",
        "history_gaps",
        "bet_changes",
        "user_changes",
        "event_changes",
        "marked_values",
        "truncations",
    ];

    [Fact]
    public async Task Every_table_and_every_column_says_what_it_means()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);

        Assert.Empty(await sink.QueryAsync("SELECT name FROM system.tables WHERE database = currentDatabase() AND comment = ''"));
        Assert.Empty(
            await sink.QueryAsync(
                $"""
                SELECT table || '.' || name FROM system.columns WHERE database = currentDatabase() AND comment = ''
                AND table NOT IN (SELECT name FROM system.tables WHERE database = currentDatabase() AND {Feeds})
                """
            )
        );
    }

    [Fact]
    public async Task No_table_has_a_hidden_name()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);

        Assert.Empty(await sink.QueryAsync("SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, '.')"));
    }

    [Fact]
    public async Task A_summary_keeps_its_comments_when_it_is_swapped_in()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        const string Comments =
            "SELECT name, comment FROM system.columns WHERE database = currentDatabase() AND table = 'summary_by_month'";
        var before = await sink.QueryAsync(Comments);
        await sink.Client.ExecuteNonQueryAsync("SYSTEM REFRESH VIEW summary_by_month_refresh");
        await sink.Client.ExecuteNonQueryAsync("SYSTEM WAIT VIEW summary_by_month_refresh");

        Assert.Equal(before, await sink.QueryAsync(Comments));
    }

    [Fact]
    public async Task What_a_schema_scan_asks_is_answered_for_every_table_that_takes_no_parameters()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        foreach (var table in await sink.QueryAsync("SELECT name FROM system.tables WHERE database = currentDatabase()"))
        {
            Assert.NotNull(await sink.QueryAsync($"DESCRIBE TABLE {table}"));
            if (
                (await sink.QueryAsync($"SELECT count() FROM system.columns WHERE database = currentDatabase() AND table = '{table}'"))[0]
                != "0"
            )
            {
                Assert.Empty(await sink.QueryAsync($"SELECT * FROM {table} LIMIT 0"));
            }
        }
    }

    [Fact]
    public async Task The_page_is_made_of_the_comments()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var page = await PageAsync(sink);
        if (Environment.GetEnvironmentVariable("UPDATE_SNAPSHOTS") == "1")
        {
            await File.WriteAllTextAsync(Page, page);
        }

        Assert.Equal(page, await File.ReadAllTextAsync(Page));
    }

    static async Task<string> PageAsync(SinkUnderTest sink)
    {
        var tables = (
            await sink.QueryAsync("SELECT name, engine, comment FROM system.tables WHERE database = currentDatabase() ORDER BY name")
        )
            .Select(row => row.Split('|', 3))
            .ToDictionary(row => row[0], row => (Engine: row[1], Comment: row[2]), StringComparer.Ordinal);
        var page = new StringBuilder(
            """
            # Data dictionary

            Made from the comments in ClickHouse (`shared/Schema/ClickHouse/comments.sql`), which tools show as well:
            `system.tables.comment`, `system.columns.comment`. All times are UTC. Money has two decimal places.

            A BI tool needs the tables of the first part. The views that begin with `bets_as_of` take parameters: they have no columns in
            `system.columns`, and `SELECT * FROM bets_as_of LIMIT 0` without its parameter is an error, so leave them out of a tool's scan
            of the schema. Tools that cannot read arrays and maps leave out `marks` and `originals` and use `bet_marks` and
            `marked_values`.

            ## For questions

            """
        );
        foreach (var name in ForPeople)
        {
            await AppendAsync(page, sink, name, tables[name]);
        }
        page.Append("## The workers' own\n\n");
        foreach (var (name, table) in tables.Where(each => !ForPeople.Contains(each.Key)).OrderBy(each => each.Key, StringComparer.Ordinal))
        {
            await AppendAsync(page, sink, name, table);
        }
        return page.ToString().TrimEnd('\n') + "\n";
    }

    static async Task AppendAsync(StringBuilder page, SinkUnderTest sink, string name, (string Engine, string Comment) table)
    {
        page.Append($"### {name}\n{table.Comment}.\n\n");
        var columns =
            table.Engine == "MaterializedView"
                ? []
                : await sink.QueryAsync(
                    $"SELECT name, type, comment FROM system.columns WHERE database = currentDatabase() AND table = '{name}' ORDER BY "
                        + $"position"
                );
        if (columns.Count > 0)
        {
            page.Append("| column | type | meaning |\n| --- | --- | --- |\n");
            foreach (var column in columns.Select(row => row.Split('|', 3)))
            {
                page.Append($"| `{column[0]}` | {column[1]} | {column[2].Replace("|", "\\|", StringComparison.Ordinal)} |\n");
            }
            page.Append('\n');
        }
    }
}
