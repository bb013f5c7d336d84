using Betting.Schema;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.ClickHouse;

/// <summary>The schema for a cluster, as far as one embedded server can tell: it has neither replication nor other servers.</summary>
public sealed class ClusterVariantTests(Servers servers)
{
    static readonly List<string> Script = [.. ClickHouseMigrator.Script("betting")];

    [Fact]
    public async Task Every_statement_for_a_cluster_is_one_that_ClickHouse_can_read()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);

        foreach (var statement in Script)
        {
            await sink.ParseAsync(statement);
        }
    }

    [Fact]
    public void Every_definition_is_made_on_all_servers_of_the_cluster()
    {
        Assert.All(Script.Where(statement => !statement.Contains("INSERT INTO", StringComparison.Ordinal)), statement =>
            Assert.Contains("ON CLUSTER `betting`", statement, StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Bets_are_sharded_by_their_id_and_replicated_with_the_same_versions()
    {
        var rows = Script.Single(statement =>
            statement.Contains("CREATE TABLE IF NOT EXISTS bets_analytics_rows_local", StringComparison.Ordinal)
        );
        var distributed = Script[Script.IndexOf(rows) + 1];

        Assert.Contains(
            "ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}', version, is_deleted)",
            rows,
            StringComparison.Ordinal
        );
        Assert.Contains("PARTITION BY toYYYYMM(placed_at)", rows, StringComparison.Ordinal);
        Assert.Equal(
            "CREATE TABLE IF NOT EXISTS bets_analytics_rows ON CLUSTER `betting` AS bets_analytics_rows_local\nENGINE = "
                + "Distributed(`betting`, currentDatabase(), 'bets_analytics_rows_local', intHash64(bet_id))",
            distributed
        );
    }

    [Fact]
    public void Users_and_events_stand_whole_on_every_server_so_that_a_shard_joins_by_itself()
    {
        foreach (var table in new[] { "user_changes", "event_changes", "truncations", "sink_progress" })
        {
            Assert.Contains(Script, statement =>
                statement.Contains($"CREATE TABLE IF NOT EXISTS {table} ON CLUSTER", StringComparison.Ordinal)
                && statement.Contains("Replicated", StringComparison.Ordinal)
                && statement.Contains("'/clickhouse/tables/{uuid}/all', '{shard}-{replica}'", StringComparison.Ordinal)
            );
        }
    }

    [Fact]
    public void A_summary_is_each_servers_own_because_ClickHouse_swaps_no_replicated_table()
    {
        foreach (var summary in new[] { "summary_by_hour", "summary_by_day", "summary_by_month" })
        {
            var table = Script.Single(statement =>
                statement.Contains($"CREATE TABLE IF NOT EXISTS {summary} ON CLUSTER", StringComparison.Ordinal)
            );

            Assert.Contains("ENGINE = MergeTree", table, StringComparison.Ordinal);
            Assert.Contains(Script, statement =>
                statement.Contains($"CREATE MATERIALIZED VIEW IF NOT EXISTS {summary}_refresh ON CLUSTER", StringComparison.Ordinal)
                && statement.Contains($"TO {summary}\n", StringComparison.Ordinal)
            );
        }
    }

    [Fact]
    public void An_index_of_bets_is_fed_within_its_shard()
    {
        var feed = Script.Single(statement =>
            statement.Contains("CREATE MATERIALIZED VIEW IF NOT EXISTS bets_by_user_feed", StringComparison.Ordinal)
        );

        Assert.Contains(
            "ON CLUSTER `betting` TO bets_by_user_local\nAS SELECT user_id, id AS bet_id FROM bet_changes_local",
            feed,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_new_column_of_a_sharded_table_is_added_where_rows_lie_and_where_they_are_asked_for()
    {
        var added = Script
            .Where(statement => statement.Contains("ADD COLUMN IF NOT EXISTS marks UInt16", StringComparison.Ordinal))
            .ToList();

        Assert.Equal(2, added.Count);
        Assert.Contains("ALTER TABLE bets_analytics_rows_local ON CLUSTER `betting` ADD COLUMN", added[0], StringComparison.Ordinal);
        Assert.StartsWith("ALTER TABLE bets_analytics_rows ON CLUSTER `betting` ADD COLUMN", added[1], StringComparison.Ordinal);
    }

    [Fact]
    public void An_index_of_a_sharded_table_is_made_where_rows_lie_alone()
    {
        var indexed = Script.Where(statement => statement.Contains(" INDEX ", StringComparison.Ordinal)).ToList();

        Assert.NotEmpty(indexed);
        Assert.All(indexed, statement => Assert.Matches(@"ALTER TABLE \w+_local ON CLUSTER `betting` (ADD|MATERIALIZE) INDEX", statement));
    }
}
