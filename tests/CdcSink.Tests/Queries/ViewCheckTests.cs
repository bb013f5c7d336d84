using Betting.Schema;
using Betting.Tests.CdcSink.ClickHouse;
using Betting.Tests.CdcSink.Stream;
using Betting.Tests.Fixtures;
using ClickHouse.Driver;
using Xunit;

namespace Betting.Tests.CdcSink.Queries;

/// <summary>Views that are not what the newest files define, as <c>CdcSink migrate</c> meets them.</summary>
public sealed class ViewCheckTests(Servers servers)
{
    [Theory]
    [InlineData("bets_analytics", "CREATE OR REPLACE VIEW bets_analytics AS SELECT 1 AS bet_id")]
    [InlineData("data_as_of", "CREATE OR REPLACE VIEW data_as_of AS SELECT now64(6, 'UTC') AS data_as_of")]
    [InlineData(
        "holds",
        "CREATE OR REPLACE VIEW holds AS SELECT id, reason, asked_at, answered, run_id, holds_from FROM "
            + "reconciliation_requests FINAL WHERE answered < 1 AND holds_from IS NOT NULL"
    )]
    [InlineData(
        "summary_by_day_refresh",
        "ALTER TABLE summary_by_day_refresh MODIFY QUERY SELECT toDate32(placed_at) AS day, "
            + "event_category, bet_status, count() AS bets, count() AS users, sum(bet_amount) AS stakes, sum(bet_amount) AS payouts, "
            + "NULL::Nullable(DateTime64(6, 'UTC')) AS data_as_of FROM bets_analytics GROUP BY day, event_category, bet_status"
    )]
    public async Task A_view_that_was_changed_by_hand_is_created_again_with_its_comment(string view, string change)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var before = await DefinitionAsync(sink, view);
        await sink.Client.ExecuteNonQueryAsync(change);
        Assert.NotEqual(before, await DefinitionAsync(sink, view));

        var done = await ClickHouseMigrator.MigrateAsync(sink.ConnectionString);

        Assert.Equal([view], done.Replaced);
        Assert.Equal(["comments.sql"], done.Applied);
        Assert.Equal(before, await DefinitionAsync(sink, view));
        Assert.Empty((await ClickHouseMigrator.MigrateAsync(sink.ConnectionString)).Replaced);
    }

    [Fact]
    public async Task A_view_that_was_replaced_by_one_of_the_same_query_does_not_differ()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.Client.ExecuteNonQueryAsync(
            "CREATE OR REPLACE VIEW bet_marks AS -- as it was\n select `bet_id`, arrayJoin(marks) as marked_column\nfrom bets_analytics"
        );

        Assert.Empty((await ClickHouseMigrator.MigrateAsync(sink.ConnectionString)).Replaced);
    }

    [Theory]
    [InlineData(
        "bets_by_user_feed",
        "is not defined as in",
        "ALTER TABLE bets_by_user_feed MODIFY QUERY SELECT user_id, id AS bet_id FROM bet_changes WHERE user_id > 5"
    )]
    [InlineData(
        "bets_by_event_feed",
        "is not defined as in",
        "DROP TABLE bets_by_event_feed SYNC",
        "CREATE MATERIALIZED VIEW "
            + "bets_by_event_feed TO bets_by_user AS SELECT event_id AS user_id, id AS bet_id FROM bet_changes WHERE NOT deleted"
    )]
    [InlineData(
        "bet_marks",
        "is not the kind of",
        "DROP VIEW bet_marks SYNC",
        "CREATE TABLE bet_marks (bet_id Int64) ENGINE = MergeTree ORDER BY bet_id"
    )]
    [InlineData("rewinds", "is not the kind of", "DROP TABLE rewinds SYNC", "CREATE VIEW rewinds AS SELECT 1 AS id")]
    public async Task What_cannot_be_created_again_without_a_loss_is_refused_and_nothing_is_changed(
        string name,
        string fault,
        params string[] changes
    )
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        foreach (var change in changes.Append("CREATE OR REPLACE VIEW holds AS SELECT 1 AS id"))
        {
            await sink.Client.ExecuteNonQueryAsync(change);
        }
        var (changed, other) = (await DefinitionAsync(sink, name), await DefinitionAsync(sink, "holds"));

        var refused = await Assert.ThrowsAsync<SchemaException>(() => ClickHouseMigrator.MigrateAsync(sink.ConnectionString));

        Assert.StartsWith($"{name} {fault}", refused.Message, StringComparison.Ordinal);
        Assert.EndsWith(SchemaCheck.Runbook, refused.Message, StringComparison.Ordinal);
        Assert.Equal((changed, other), (await DefinitionAsync(sink, name), await DefinitionAsync(sink, "holds")));
    }

    [Fact]
    public async Task A_program_that_lacks_an_applied_file_changes_nothing_and_says_so()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.Client.ExecuteNonQueryAsync("INSERT INTO schema_files (name, hash) VALUES ('9999_newer.sql', 'newer')");
        await sink.Client.ExecuteNonQueryAsync("CREATE OR REPLACE VIEW holds AS SELECT 1 AS id");
        var newer = await DefinitionAsync(sink, "holds");
        await using var stream = await KafkaStream.CreateAsync(servers);

        var (code, said) = await stream.VerbAsync(sink.ConnectionString, "migrate");

        Assert.Equal(0, code);
        Assert.Contains(
            "the schema is of a newer version than this program, which does not know 9999_newer.sql",
            said,
            StringComparison.Ordinal
        );
        Assert.Equal(newer, await DefinitionAsync(sink, "holds"));
    }

    // Names of databases that stand in the queries as aliases, and that have to be quoted.
    [Theory]
    [InlineData("bet")]
    [InlineData("played-x")]
    [InlineData("a b`c")]
    public async Task Whatever_the_database_is_called_nothing_differs(string name)
    {
        var server = await servers.ClickHouseAsync();
        var database = server.ConnectionString($"{name}");
        using var client = new ClickHouseClient(server.ConnectionString());
        try
        {
            Assert.Empty((await ClickHouseMigrator.MigrateAsync(database)).Replaced);
            Assert.Empty((await ClickHouseMigrator.MigrateAsync(database)).Replaced);
        }
        finally
        {
            await client.ExecuteNonQueryAsync($"DROP DATABASE IF EXISTS `{name.Replace("`", "``", StringComparison.Ordinal)}` SYNC");
        }
    }

    [Fact]
    public async Task The_schema_of_a_cluster_does_not_differ_from_that_of_one_server()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers, migrateAsync: each => OwnCluster.MigrateAsync(each, "default"));

        Assert.Empty(await new ViewCheck(sink.Client, SchemaObjects.OfOneServer).FaultsAsync(CancellationToken.None));
        Assert.Empty(
            await new ViewCheck(sink.Client, SchemaObjects.Of(ClickHouseMigrator.Script("default"))).FaultsAsync(CancellationToken.None)
        );
    }

    [Theory]
    [InlineData(null)]
    [InlineData("betting")]
    public void Every_view_has_a_query_to_compare_and_a_statement_that_replaces_it(string? cluster)
    {
        foreach (
            var each in SchemaObjects
                .Of(ClickHouseMigrator.Script(cluster))
                .Where(each => each.Statement.Contains("VIEW ", StringComparison.Ordinal))
        )
        {
            var definition = ViewDefinition.OfStatement(each.Statement);
            Assert.NotEqual("", definition.Query);
            Assert.Equal(definition.What == "MATERIALIZED VIEW", definition.Target.Length > 0);
            Assert.True(
                each.Kind != SchemaObjectKind.View
                    || each.Statement.Contains($"CREATE OR REPLACE VIEW {each.Name}", StringComparison.Ordinal),
                each.Name
            );
        }
    }

    // The condition that stops it is appended: see SchemaFileApplier.
    [Theory]
    [InlineData(null)]
    [InlineData("betting")]
    public void A_table_is_replaced_by_a_query_that_takes_a_condition_at_its_end(string? cluster)
    {
        var replaced = ClickHouseMigrator
            .Script(cluster)
            .Where(statement => statement.Contains("CREATE OR REPLACE TABLE", StringComparison.Ordinal))
            .ToList();

        Assert.All(replaced, statement => Assert.Matches(@"AS SELECT[^;]*\nFROM \w+ FINAL$", statement));
        Assert.Single(replaced);
    }

    static async Task<string> DefinitionAsync(SinkUnderTest sink, string name) =>
        Assert.Single(
            await sink.QueryAsync($"SELECT create_table_query FROM system.tables WHERE database = currentDatabase() AND name = '{name}'")
        );
}
