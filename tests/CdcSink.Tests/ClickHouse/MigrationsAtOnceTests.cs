using Betting.Schema;
using Betting.Tests.CdcSink.Stream;
using Betting.Tests.CdcSink.Write;
using Betting.Tests.Fixtures;
using ClickHouse.Driver;
using Xunit;

namespace Betting.Tests.CdcSink.ClickHouse;

/// <summary>Two processes that migrate one database at once, of which one stands still for a while or is killed.</summary>
public sealed class MigrationsAtOnceTests(Servers servers) : IAsyncDisposable
{
    // data_as_of as 0009 defines it, summary_by_hour as 0006 does, and so on: all of them are replaced or dropped by later files.
    const string OldDataAsOf = "CREATE OR REPLACE VIEW data_as_of AS\nWITH (SELECT max(committed_at)",
        OldProgress = "CREATE OR REPLACE TABLE sink_progress",
        OldSummary = "CREATE MATERIALIZED VIEW IF NOT EXISTS summary_by_hour\n",
        NewSummary = "CREATE TABLE IF NOT EXISTS summary_by_hour\n";

    static int _databases;
    static Task<IReadOnlyList<string>>? _alone;
    readonly List<string> _created = [];

    public static TheoryData<string> Statements =>
        [
            OldDataAsOf,
            OldSummary,
            "CREATE OR REPLACE VIEW bets_as_of AS",
            "CREATE OR REPLACE VIEW history_gaps AS",
            "CREATE OR REPLACE VIEW data_as_of AS SELECT argMaxOrNull",
            "DROP TABLE IF EXISTS summary_by_hour_refresh",
            "DROP TABLE IF EXISTS summary_by_month",
            "ALTER TABLE sink_progress ADD COLUMN",
            "INSERT INTO schema_files",
            OldProgress,
        ];

    [Fact]
    public async Task The_slower_process_leaves_out_what_the_faster_one_has_applied_and_mends_the_view_that_it_made_old()
    {
        var database = await NewAsync();
        await using var proxy = new HoldingProxy(database, OldDataAsOf);
        var slower = ClickHouseMigrator.MigrateAsync(proxy.ConnectionString);
        await proxy.HeldAsync();
        var faster = await ClickHouseMigrator.MigrateAsync(database);
        Assert.Contains("0009_data_as_of.sql", faster.Applied);

        await proxy.ReleaseAsync();
        var done = await slower;

        Assert.Equal(["data_as_of"], done.Replaced);
        Assert.Empty(done.Applied.Intersect(faster.Applied).Except(["comments.sql"]));
        await IsAsNewAsync(database);
        Assert.Equal(
            ["0"],
            await QueryAsync(
                database,
                "SELECT count() FROM (SELECT name FROM schema_files WHERE name != 'comments.sql' GROUP BY name HAVING count() > 1)"
            )
        );
    }

    [Theory]
    [MemberData(nameof(Statements))]
    public async Task Where_the_slower_process_is_killed_the_next_run_brings_everything_to_the_newest_files(string held)
    {
        var database = await NewAsync();
        using var killed = new CancellationTokenSource();
        await using var proxy = new HoldingProxy(database, held);
        var slower = ClickHouseMigrator.MigrateAsync(proxy.ConnectionString, cancellation: killed.Token);
        await proxy.HeldAsync();
        await ClickHouseMigrator.MigrateAsync(database);
        await ExecuteAsync(
            database,
            "INSERT INTO sink_progress (topic, partition, next_offset, generation, record_offset) VALUES ('t', 0, 70, 5, 42)"
        );
        await killed.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => slower);
        await proxy.ReleaseAsync();

        await ClickHouseMigrator.MigrateAsync(database);

        await IsAsNewAsync(database);
        Assert.Equal(
            ["t|70|5|42"],
            await QueryAsync(database, "SELECT topic, next_offset, generation, record_offset FROM sink_progress FINAL")
        );
        var again = await ClickHouseMigrator.MigrateAsync(database);
        Assert.Empty(again.Applied.Concat(again.CreatedAgain).Concat(again.Replaced));
    }

    [Theory]
    [MemberData(nameof(Statements))]
    public async Task Where_the_slower_process_goes_on_its_own_end_brings_everything_to_the_newest_files(string held)
    {
        var database = await NewAsync();
        await using var proxy = new HoldingProxy(database, held);
        var slower = ClickHouseMigrator.MigrateAsync(proxy.ConnectionString);
        await proxy.HeldAsync();
        await ClickHouseMigrator.MigrateAsync(database);
        await proxy.ReleaseAsync();
        await slower;

        await IsAsNewAsync(database);
    }

    [Fact]
    public async Task A_summary_of_an_older_file_that_took_the_place_of_a_newer_files_table_is_replaced()
    {
        var database = await NewAsync();
        using var killed = new CancellationTokenSource();
        await using var behind = new HoldingProxy(database, OldSummary);
        await using var ahead = new HoldingProxy(database, NewSummary);
        var slower = ClickHouseMigrator.MigrateAsync(behind.ConnectionString, cancellation: killed.Token);
        await behind.HeldAsync();
        var faster = ClickHouseMigrator.MigrateAsync(ahead.ConnectionString);
        await ahead.HeldAsync();
        await killed.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => slower);
        await behind.ReleaseAsync();
        await ahead.ReleaseAsync();

        Assert.Contains("summary_by_hour", (await faster).Replaced);
        await IsAsNewAsync(database);
    }

    [Fact]
    public async Task Processes_in_lockstep_end_at_the_newest_files()
    {
        for (var round = 0; round < 3; round++)
        {
            var database = await NewAsync();
            await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => ClickHouseMigrator.MigrateAsync(database)));
            await IsAsNewAsync(database);
        }
    }

    [Fact]
    public async Task The_verb_names_the_view_that_a_killed_process_made_old_and_ends_with_zero()
    {
        var database = await NewAsync();
        using var killed = new CancellationTokenSource();
        await using var proxy = new HoldingProxy(database, OldDataAsOf);
        var slower = ClickHouseMigrator.MigrateAsync(proxy.ConnectionString, cancellation: killed.Token);
        await proxy.HeldAsync();
        await ClickHouseMigrator.MigrateAsync(database);
        await killed.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => slower);
        await proxy.ReleaseAsync();
        await using var stream = await KafkaStream.CreateAsync(servers);

        var (code, said) = await stream.VerbAsync(database, "migrate");

        Assert.Equal(0, code);
        Assert.Contains("not defined as in this version's files and created again: data_as_of", said, StringComparison.Ordinal);
        (code, said) = await stream.VerbAsync(database, "migrate");
        Assert.Equal(0, code);
        Assert.DoesNotContain("created again", said, StringComparison.Ordinal);
        Assert.Contains("the schema is current", said, StringComparison.Ordinal);
    }

    /// <summary>A connection string whose database is not there yet.</summary>
    async Task<string> NewAsync()
    {
        var name = $"at_once_{Environment.ProcessId}_{Interlocked.Increment(ref _databases)}";
        _created.Add(name);
        return (await servers.ClickHouseAsync()).ConnectionString(name);
    }

    public async ValueTask DisposeAsync()
    {
        var server = await servers.ClickHouseAsync();
        foreach (var name in _created)
        {
            await MigratedClickHouse.DropAsync(server, name);
        }
    }

    // The same tables, views, settings and comments as in a database that one process migrated alone.
    async Task IsAsNewAsync(string database) => Assert.Equal(await (_alone ??= AloneAsync()), await DefinitionsAsync(database));

    async Task<IReadOnlyList<string>> AloneAsync()
    {
        var fresh = await NewAsync();
        await ClickHouseMigrator.MigrateAsync(fresh);
        return await DefinitionsAsync(fresh);
    }

    static Task<IReadOnlyList<string>> DefinitionsAsync(string database) =>
        QueryAsync(
            database,
            """
            SELECT name, replaceAll(create_table_query, currentDatabase() || '.', '') FROM system.tables
            WHERE database = currentDatabase() AND NOT startsWith(name, '.') ORDER BY name
            """
        );

    static async Task ExecuteAsync(string database, string statement)
    {
        using var client = new ClickHouseClient(database);
        await client.ExecuteNonQueryAsync(statement);
    }

    static async Task<IReadOnlyList<string>> QueryAsync(string database, string query)
    {
        using var client = new ClickHouseClient(database);
        await using var reader = await client.ExecuteReaderAsync(query);
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(column => reader.GetValue(column))));
        }
        return rows;
    }
}
