using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Reconciler.Worlds;
using Dapper;

namespace Betting.Tests.Reconciler.Runs;

/// <summary>Requests that hold <c>data_as_of</c> where rows may be missing.</summary>
public sealed class HoldTests(Pipeline pipeline, Servers servers) : IClassFixture<Pipeline>
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task Drift_answers_a_request_and_what_it_holds_is_let_go_by_a_later_run_that_finds_everything_equal()
    {
        await using (var connection = await pipeline.Postgres.OpenConnectionAsync())
        {
            await connection.ExecuteAsync(
                "INSERT INTO bets (id, user_id, event_id, status, amount, placed_at) VALUES (1, 1, 1, "
                    + "'OPEN', 10, now()), (2, 1, 1, 'OPEN', 10, now())"
            );
        }
        await RunAsync("INSERT INTO reconciliation_requests (id, reason, holds_from) VALUES ('by hand', 'a test', '2026-01-01 09:00:00')");
        // A run from the command line answers what was asked before it, too.
        var (code, output) = await pipeline.ReconcileAsync();
        Assert.True(code == 0, output);
        Assert.Equal(
            1,
            await CountAsync("SELECT count() FROM reconciliation_requests FINAL WHERE id = 'by hand' AND answered = 2 AND run_id > 0")
        );
        await RunAsync("CREATE TABLE kept ENGINE = Memory AS SELECT * FROM bets_analytics_rows WHERE bet_id = 2");
        await RunAsync("ALTER TABLE bets_analytics_rows DELETE WHERE bet_id = 2 SETTINGS mutations_sync = 2");
        await RunAsync("INSERT INTO reconciliation_requests (id, reason, holds_from) VALUES ('a hold', 'a test', '2026-01-01 09:00:00')");
        await RunAsync("INSERT INTO reconciliation_requests (id, reason) VALUES ('no hold', 'a test')");
        // As the sink records it: newer than the hold.
        await RunAsync("INSERT INTO visible_watermarks (as_of, version) VALUES ('2026-01-01 20:00:00', 18446744073709551615)");

        var launch = Installed.Own(
            "workers/Reconciler",
            "Reconciler",
            "--Reconciler:RunOnStart=false",
            "--Reconciler:RetryAfter=00:00:02",
            "--Http:Url=http://127.0.0.1:0"
        ) with
        {
            Environment = pipeline.ReconcilerEnvironment,
        };
        await using var worker = EngineProcess.Start("Reconciler", launch, Path.Combine(servers.Folder, "logs", "reconciler-holds.log"));
        await Deadline.UntilAsync("two runs with drift", Limit, async () =>
            await CountAsync("SELECT count() FROM reconciliation_requests FINAL WHERE id IN ('a hold', 'no hold') AND answered = 1") == 2
            && await DriftsAsync() >= 2
        );
        Assert.Equal("2026-01-01 09:00:00.000000", await AsOfAsync());

        await RunAsync("INSERT INTO bets_analytics_rows SELECT * FROM kept");
        await Deadline.UntilAsync("a run that lets go", Limit, async () => await CountAsync("SELECT count() FROM holds") == 0);
        Assert.Equal(
            1,
            await CountAsync("SELECT count() FROM reconciliation_requests FINAL WHERE id = 'a hold' AND answered = 2 AND run_id > 0")
        );
        Assert.NotEqual("2026-01-01 09:00:00.000000", await AsOfAsync());
    }

    [Theory]
    [InlineData("users", "user_changes", "INSERT INTO users VALUES (7001, 'Ada', now())")]
    [InlineData("events", "event_changes", "INSERT INTO events VALUES (7001, 'Final', 'football', now(), 'SCHEDULED')")]
    public async Task A_lost_row_that_no_bet_names_keeps_a_hold(string table, string changes, string insert)
    {
        await using var connection = await pipeline.Postgres.OpenConnectionAsync();
        await connection.ExecuteAsync(insert);
        var (code, output) = await pipeline.ReconcileAsync();
        Assert.True(code == 0, output);
        // As a record that was lost with its topic.
        await RunAsync($"CREATE TABLE kept_{table} ENGINE = Memory AS SELECT * FROM {changes} WHERE id = 7001");
        await RunAsync($"ALTER TABLE {changes} DELETE WHERE id = 7001 SETTINGS mutations_sync = 2");
        const string Ask = "INSERT INTO reconciliation_requests (id, reason, holds_from) VALUES";
        await RunAsync($"{Ask} ('lost {table}', 'a test', '2026-01-01 09:00:00')");

        (code, output) = await pipeline.ReconcileAsync();

        Assert.True(code == 1, output);
        Assert.Contains($"differ in 1 rows of the table {table}:\n  {table}, id 7001 missing", output, StringComparison.Ordinal);
        Assert.Equal(1, await CountAsync($"SELECT count() FROM holds WHERE id = 'lost {table}' AND answered = 1 AND run_id > 0"));
        Assert.Equal(
            "drift",
            await connection.ExecuteScalarAsync<string>("SELECT outcome FROM reconciliation_runs ORDER BY run_id DESC LIMIT 1")
        );

        await RunAsync($"INSERT INTO {changes} SELECT * FROM kept_{table}");
        (code, output) = await pipeline.ReconcileAsync();
        Assert.True(code == 0, output);
        Assert.Equal(0, await CountAsync("SELECT count() FROM holds"));
    }

    async Task<int> DriftsAsync()
    {
        await using var connection = await pipeline.Postgres.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<int>(
            "SELECT count(*) FROM reconciliation_runs WHERE trigger = 'request' AND outcome = 'drift'"
        );
    }

    Task<int> RunAsync(string sql) => pipeline.ClickHouse.ExecuteNonQueryAsync(sql);

    async Task<int> CountAsync(string sql) =>
        Convert.ToInt32(await pipeline.ClickHouse.ExecuteScalarAsync(sql), System.Globalization.CultureInfo.InvariantCulture);

    async Task<string?> AsOfAsync() =>
        Convert.ToString(
            await pipeline.ClickHouse.ExecuteScalarAsync("SELECT ifNull(toString(data_as_of), 'NULL') FROM data_as_of"),
            System.Globalization.CultureInfo.InvariantCulture
        );
}
