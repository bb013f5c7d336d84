using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Reconciler.Worlds;
using Dapper;

namespace Betting.Tests.Reconciler.Runs;

/// <summary>Runs that the sink asks for, answered by the worker as it is shipped.</summary>
public sealed class RequestTests(Pipeline pipeline, Servers servers) : IClassFixture<Pipeline>
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task A_request_is_answered_by_one_run_and_asking_again_makes_no_other()
    {
        const string Ask = "INSERT INTO reconciliation_requests (id, reason) VALUES ('snapshot of bets in epoch 1 at 80', 'a test')";
        await pipeline.ClickHouse.ExecuteNonQueryAsync(Ask);
        var launch = Installed.Own(
            "workers/Reconciler",
            "Reconciler",
            "--Reconciler:RunOnStart=false",
            "--Http:Url=http://127.0.0.1:0"
        ) with
        {
            Environment = pipeline.ReconcilerEnvironment,
        };
        await using var worker = EngineProcess.Start("Reconciler", launch, Path.Combine(servers.Folder, "logs", "reconciler-requests.log"));

        await Deadline.UntilAsync("the answer", Limit, async () => await AnsweredAsync() is not null);
        var run = await AnsweredAsync();
        await using var connection = await pipeline.Postgres.OpenConnectionAsync();
        // Which of the two depends on what other tests left here; that it could compare does not.
        Assert.Equal(
            ("request", true),
            await connection.QuerySingleAsync<(string, bool)>(
                "SELECT trigger, outcome IN ('equal', 'drift') FROM reconciliation_runs WHERE run_id = @run",
                new { run }
            )
        );

        // A batch that is applied again asks again; a second request tells that the first was looked at meanwhile.
        await pipeline.ClickHouse.ExecuteNonQueryAsync(Ask);
        await pipeline.ClickHouse.ExecuteNonQueryAsync("INSERT INTO reconciliation_requests (id, reason) VALUES ('another', 'a test')");
        await Deadline.UntilAsync("the other answer", Limit, async () => await AnsweredAsync("another") is not null);
        Assert.Equal(run, await AnsweredAsync());
        Assert.Equal(2, await connection.ExecuteScalarAsync<int>("SELECT count(*) FROM reconciliation_runs WHERE trigger = 'request'"));
    }

    [Fact]
    public async Task A_request_says_that_a_run_has_begun_and_stays_open_until_a_run_has_ended()
    {
        var store = new Betting.Reconciler.Runs.RequestStore(pipeline.ClickHouse);
        foreach (var (id, holds) in new[] { ("begun", "NULL"), ("begun and held", "'2026-01-01 09:00:00'") })
        {
            await pipeline.ClickHouse.ExecuteNonQueryAsync(
                $"INSERT INTO reconciliation_requests (id, reason, holds_from) VALUES ('{id}', 'a test', {holds})"
            );
        }
        var open = await OpenAsync();
        Assert.Equal([false, false], open.Select(request => request.IsAnswered));
        await store.BeginAsync(open, CancellationToken.None);
        // Asked again meanwhile, as a batch that is applied again does: a run has begun all the same.
        await pipeline.ClickHouse.ExecuteNonQueryAsync("INSERT INTO reconciliation_requests (id, reason) VALUES ('begun', 'a test')");
        Assert.Equal(["begun 1 0", "begun and held 1 0"], await StatesAsync());

        // The run could not compare, or the worker was killed: the next one begins with both.
        open = await OpenAsync();
        Assert.Equal([false, false], open.Select(request => request.IsAnswered));
        await store.BeginAsync(open, CancellationToken.None);
        await store.AnswerAsync(open, 7, isEqual: false, CancellationToken.None);
        Assert.Equal(["begun 1 7", "begun and held 1 7"], await StatesAsync());

        open = await OpenAsync();
        Assert.Equal([("begun and held", true)], open.Select(request => (request.Id, request.IsAnswered)));
        await store.BeginAsync(open, CancellationToken.None);
        await store.AnswerAsync(open, 8, isEqual: true, CancellationToken.None);
        Assert.Equal(["begun 1 7", "begun and held 2 8"], await StatesAsync());

        async Task<List<Betting.Reconciler.Runs.Request>> OpenAsync() =>
            [
                .. (await store.OpenAsync(CancellationToken.None))
                    .Where(request => request.Id.StartsWith("begun", StringComparison.Ordinal))
                    .OrderBy(request => request.Id, StringComparer.Ordinal),
            ];
        async Task<List<string>> StatesAsync()
        {
            var states = new List<string>();
            await using var rows = await pipeline.ClickHouse.ExecuteReaderAsync(
                "SELECT concat(id, ' ', toString(answered), ' ', toString(run_id)) FROM reconciliation_requests FINAL WHERE "
                    + "startsWith(id, 'begun') ORDER BY id"
            );
            while (await rows.ReadAsync())
            {
                states.Add(rows.GetString(0));
            }
            return states;
        }
    }

    [Fact]
    public async Task Rows_that_expired_by_rule_are_no_drift_and_one_that_should_be_there_still_is()
    {
        await using var connection = await pipeline.Postgres.OpenConnectionAsync();
        await connection.ExecuteAsync(
            "INSERT INTO bets (id, user_id, event_id, status, amount, placed_at) VALUES (1, 1, 1, 'OPEN', "
                + "10, now() - interval '9 years'), (2, 1, 1, 'OPEN', 10, now() - interval '2 years')"
        );
        var (code, output) = await pipeline.ReconcileAsync();
        Assert.True(code == 0, output);

        await pipeline.ClickHouse.ExecuteNonQueryAsync(
            "ALTER TABLE bets_analytics_rows DELETE WHERE bet_id = 1 SETTINGS mutations_sync = 2"
        );
        (code, output) = await pipeline.ReconcileAsync();
        Assert.True(code == 1, output);
        await pipeline.ClickHouse.ExecuteNonQueryAsync("INSERT INTO row_retention (of, months) VALUES ('bets_analytics_rows', 84)");
        (code, output) = await pipeline.ReconcileAsync();
        Assert.True(code == 0, output);
        await pipeline.ClickHouse.ExecuteNonQueryAsync(
            "ALTER TABLE bets_analytics_rows DELETE WHERE bet_id = 2 SETTINGS mutations_sync = 2"
        );
        (code, output) = await pipeline.ReconcileAsync();
        Assert.True(code == 1, output);
    }

    async Task<long?> AnsweredAsync(string id = "snapshot of bets in epoch 1 at 80") =>
        await pipeline.ClickHouse.ExecuteScalarAsync(
            $"SELECT max(run_id) FROM reconciliation_requests FINAL WHERE answered = 1 AND id = '{id}'"
        )
            is long
                and > 0
                and var run
            ? run
            : null;
}
