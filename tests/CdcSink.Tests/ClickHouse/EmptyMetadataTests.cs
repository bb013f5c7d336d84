using System.Text.RegularExpressions;
using Betting.Local.Engines;
using Betting.Schema;
using ClickHouse.Driver;
using Xunit;

namespace Betting.Tests.CdcSink.ClickHouse;

/// <summary>
/// Metadata files of 0 bytes, as a full disk leaves them under the engine that runs here: what is seen before a restart, and the ways out
/// that docs/runbooks/cdcsink.md describes. Each test has a server of its own, whose data folder it changes.
/// </summary>
public sealed partial class EmptyMetadataTests : IAsyncDisposable
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    readonly string _folder = Directory.CreateTempSubdirectory("cdcsink-").FullName;
    readonly ClickHouseServer _server;

    public EmptyMetadataTests() => _server = new ClickHouseServer(_folder, FreePort.Take());

    [Fact]
    public async Task Before_a_restart_migrate_sees_a_summary_with_an_empty_file_and_creates_it_again()
    {
        using var client = await StartedAsync();
        File.WriteAllText(Metadata("bets", "summary_by_month"), "");

        Assert.Equal(["the metadata file of summary_by_month is empty, so ClickHouse will not start again"], await FaultsAsync(client));
        Assert.Equal(["summary_by_month"], (await ClickHouseMigrator.MigrateAsync(_server.ConnectionString("bets"))).CreatedAgain);

        await FilledAsync(client, "summary_by_month");
        await RestartedAsync();
        Assert.Equal([], await FaultsAsync(client));
        await FilledAsync(client, "summary_by_month");
    }

    [Fact]
    public async Task After_a_failed_start_the_empty_file_of_a_summary_is_moved_away_and_migrate_creates_the_summary_again()
    {
        using var client = await StartedAsync();
        var file = Metadata("bets", "summary_by_day");
        await _server.KillAsync();
        File.WriteAllText(file, "");

        await Assert.ThrowsAsync<EngineException>(_server.StartAsync);
        Assert.Contains("summary_by_day.sql", await LogAsync(), StringComparison.Ordinal);
        File.Move(file, Path.Combine(_folder, "summary_by_day.sql"));
        await _server.StartAsync();

        Assert.Equal(["summary_by_day is missing"], await FaultsAsync(client));
        Assert.Equal(["summary_by_day"], (await ClickHouseMigrator.MigrateAsync(_server.ConnectionString("bets"))).CreatedAgain);
        await FilledAsync(client, "summary_by_day");
    }

    [Theory]
    [InlineData("bet_changes", true)]
    [InlineData("bets_analytics_rows", true)]
    [InlineData("bets_by_user_feed", false)]
    [InlineData("bets_analytics", false)]
    public async Task The_empty_file_of_a_table_or_view_is_written_again_from_a_fresh_database_and_all_rows_are_there(
        string lost,
        bool hasRows
    )
    {
        using var client = await StartedAsync();
        var file = Metadata("bets", lost);
        File.WriteAllText(file, "");
        var refused = await Assert.ThrowsAsync<SchemaException>(() => ClickHouseMigrator.MigrateAsync(_server.ConnectionString("bets")));
        Assert.StartsWith($"the metadata file of {lost} is empty", refused.Message, StringComparison.Ordinal);

        // A database that has the same schema and nothing else, on this server as long as it runs, else on any other.
        await ClickHouseMigrator.MigrateAsync(_server.ConnectionString("fresh"));
        await _server.StopAsync();
        var uuid = hasRows ? UuidOfData(lost) : Guid.NewGuid().ToString();
        var definition = File.ReadAllText(Metadata("fresh", lost)).Replace("fresh.", "bets.", StringComparison.Ordinal);
        File.WriteAllText(file, Uuid().Replace(definition, $"UUID '{uuid}'", 1));
        await _server.StartAsync();

        Assert.Equal([], await FaultsAsync(client));
        var done = await ClickHouseMigrator.MigrateAsync(_server.ConnectionString("bets"));
        Assert.Equal([], done.Applied.Concat(done.CreatedAgain));
        await client.ExecuteNonQueryAsync("INSERT INTO bet_changes (id, version, user_id) VALUES (1000, 8, 1)");
        Assert.Equal(101UL, await client.ExecuteScalarAsync("SELECT count() FROM bet_changes"));
        Assert.Equal(101UL, await client.ExecuteScalarAsync("SELECT count() FROM bets_by_user"));
        Assert.Equal(100UL, await client.ExecuteScalarAsync("SELECT count() FROM bets_analytics"));
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    async Task<ClickHouseClient> StartedAsync()
    {
        await _server.StartAsync();
        var connection = _server.ConnectionString("bets");
        await ClickHouseMigrator.MigrateAsync(connection);
        var client = new ClickHouseClient(connection);
        await client.ExecuteNonQueryAsync(
            """
            INSERT INTO bet_changes (id, version, committed_at, user_id, event_id, status, amount, placed_at)
            SELECT number, number + 8, now(), 1, 1, 'OPEN', 10, now() FROM numbers(100)
            """
        );
        await client.ExecuteNonQueryAsync(
            """
            INSERT INTO bets_analytics_rows (bet_id, user_id, event_id, bet_status, bet_amount, placed_at, version, is_deleted)
            SELECT id, user_id, event_id, status, amount, placed_at, version, 0 FROM bet_changes
            """
        );
        return client;
    }

    static Task FilledAsync(ClickHouseClient client, string summary) =>
        Deadline.UntilAsync("its rows", Limit, async () =>
            await client.ExecuteScalarAsync($"SELECT toInt64(sum(bets)) FROM {summary}") is 100L
        );

    static async Task<IEnumerable<string>> FaultsAsync(ClickHouseClient client) =>
        (await SchemaCheck.FaultsAsync(client, SchemaObjects.OfOneServer, CancellationToken.None)).Select(fault => fault.Text);

    async Task RestartedAsync()
    {
        await _server.StopAsync();
        await _server.StartAsync();
    }

    async Task<string> LogAsync()
    {
        using var log = new StreamReader(
            new FileStream(Path.Combine(_folder, "logs", "clickhouse.log"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite)
        );
        return await log.ReadToEndAsync();
    }

    // metadata/DATABASE is a link to the folder of the database's metadata, as data/DATABASE/TABLE is one to that of the table's rows.
    string Metadata(string database, string table) => Path.Combine(_folder, "clickhouse", "metadata", database, table + ".sql");

    string UuidOfData(string table) =>
        Path.GetFileName(new FileInfo(Path.Combine(_folder, "clickhouse", "data", "bets", table)).LinkTarget!.TrimEnd('/'));

    [GeneratedRegex("UUID '[0-9a-f-]{36}'")]
    private static partial Regex Uuid();
}
