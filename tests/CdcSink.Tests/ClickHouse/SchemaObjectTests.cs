using System.Text.RegularExpressions;
using Betting.Schema;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.ClickHouse;

/// <summary>Which tables and views the schema's files create, held against what the engine has after a migration.</summary>
public sealed partial class SchemaObjectTests(Servers servers)
{
    static readonly string[] Summaries =
    [
        "summary_by_day",
        "summary_by_day_refresh",
        "summary_by_hour",
        "summary_by_hour_refresh",
        "summary_by_month",
        "summary_by_month_refresh",
    ];

    [Fact]
    public async Task The_schema_creates_exactly_what_a_migrated_database_has()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);

        var there = await sink.QueryAsync(
            "SELECT name FROM system.tables WHERE database = currentDatabase() AND NOT startsWith(name, '.') ORDER BY name"
        );

        Assert.Equal(there, SchemaObjects.OfOneServer.Select(each => each.Name).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("betting")]
    public void Summaries_are_what_a_schedule_fills_and_feeds_are_the_other_materialized_views(string? cluster)
    {
        var objects = SchemaObjects.Of(ClickHouseMigrator.Script(cluster));

        Assert.Equal(Summaries, Names(SchemaObjectKind.Summary));
        Assert.Equal(["bets_by_event_feed", "bets_by_user_feed"], Names(SchemaObjectKind.Feed));
        Assert.Contains("bets_analytics", Names(SchemaObjectKind.View));
        Assert.Empty(new[] { "bet_changes", "sink_progress", "schema_files" }.Except(Names(SchemaObjectKind.Table)));

        IEnumerable<string> Names(SchemaObjectKind kind) =>
            objects.Where(each => each.Kind == kind).Select(each => each.Name).Order(StringComparer.Ordinal);
    }

    [Fact]
    public void On_a_cluster_the_table_beneath_a_Distributed_one_is_looked_for_too()
    {
        var names = SchemaObjects.Of(ClickHouseMigrator.Script("betting")).Select(each => each.Name).ToList();

        Assert.Contains("bet_changes", names);
        Assert.Contains("bet_changes_local", names);
        Assert.Empty(SchemaObjects.OfOneServer.Select(each => each.Name).Except(names));
    }

    [Fact]
    public void What_was_dropped_is_not_looked_for_and_what_was_created_once_more_is_what_the_last_statement_makes()
    {
        var objects = SchemaObjects.Of([
            "CREATE TABLE IF NOT EXISTS a (x UInt8) ENGINE = MergeTree ORDER BY x",
            "-- a comment\nDROP TABLE IF EXISTS a",
            "CREATE OR REPLACE VIEW b AS SELECT 1",
            "CREATE OR REPLACE VIEW b AS SELECT 2",
            "CREATE MATERIALIZED VIEW IF NOT EXISTS c\nREFRESH EVERY 5 MINUTE\n(x UInt8) ENGINE = MergeTree ORDER BY x AS SELECT 1 AS x",
        ]);

        Assert.Equal(["b", "c"], objects.Select(each => each.Name));
        Assert.Equal("CREATE OR REPLACE VIEW b AS SELECT 2", objects[0].Statement);
        Assert.Equal(SchemaObjectKind.Summary, objects[1].Kind);
    }

    // A summary is created again by its CREATE statement and the file of comments alone.
    [Fact]
    public void No_statement_changes_a_summary_after_its_creation_but_its_comment()
    {
        var changes = ClickHouseMigrator
            .Script(null)
            .Select(statement => Altered().Match(statement))
            .Where(match => match.Success && Summaries.Contains(match.Groups["name"].Value));

        Assert.All(changes, change => Assert.Matches(@"^\s*MODIFY COMMENT '[^']*'$", change.Groups["change"].Value));
    }

    [GeneratedRegex(@"^(?:--[^\n]*\n|\s)*ALTER TABLE (?<name>\w+)(?<change>.*)$", RegexOptions.Singleline)]
    private static partial Regex Altered();
}
