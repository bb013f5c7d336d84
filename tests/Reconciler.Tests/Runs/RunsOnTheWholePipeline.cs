using System.Text.Json;
using Betting.Local.Engines;
using Betting.Reconciler.Runs;
using Betting.Tests.Reconciler.Worlds;
using Dapper;

namespace Betting.Tests.Reconciler.Runs;

/// <summary>
/// <c>Reconciler run</c> as it is shipped, with the rights that it has, against PostgreSQL, capture, sink and ClickHouse.
/// </summary>
public sealed class RunsOnTheWholePipeline(Pipeline pipeline) : IClassFixture<Pipeline>
{
    [Fact]
    public async Task Under_full_load_no_run_is_a_false_alarm_and_drift_of_every_kind_is_found_afterwards()
    {
        using var stop = new CancellationTokenSource();
        var writers = Enumerable
            .Range(0, 4)
            .Select(writer => Traffic.WriteAsync(pipeline.Postgres, 1 + writer * 500, int.MaxValue, writer, stop.Token))
            .ToList();
        for (var run = 0; run < 4; run++)
        {
            var (code, output) = await pipeline.ReconcileAsync();
            Assert.True(code == 0, output);
        }
        await stop.CancelAsync();
        await Task.WhenAll(writers);
        await EqualAsync();

        var planted = await Planted.SeedAsync(pipeline);
        await EqualAsync();
        await planted.SpoilChangesAsync();
        var (drift, report) = await pipeline.ReconcileAsync("--json");
        Assert.True(drift == 1, report);
        AssertFindings(planted.InChanges, Findings(report, "changes"));
        foreach (var (table, rows) in planted.InTables)
        {
            AssertFindings(rows, TableFindings(report, table));
            Assert.Equal(rows.Keys.Order(), await KeptAsync(table));
        }

        await planted.HealChangesAsync();
        await EqualAsync();
        await planted.SpoilViewAsync();
        (drift, report) = await pipeline.ReconcileAsync("--json");
        Assert.True(drift == 1, report);
        Assert.Empty(Findings(report, "changes"));
        Assert.All(planted.InTables.Keys, table => Assert.Empty(TableFindings(report, table)));
        AssertFindings(planted.InView, Findings(report, "view"));
        await planted.HealViewAsync();

        await using var connection = await pipeline.Postgres.OpenConnectionAsync();
        var outcomes = await connection.QueryAsync<string>("SELECT outcome FROM reconciliation_runs ORDER BY run_id DESC LIMIT 4");
        Assert.Equal(["drift", "equal", "drift", "equal"], outcomes);
        Assert.Equal(
            planted.InView.Count,
            await connection.ExecuteScalarAsync<int>(
                "SELECT count(*) FROM reconciliation_findings WHERE part = 'view' AND kind <> 'day' AND run_id = (SELECT max(run_id) FROM "
                    + "reconciliation_runs)"
            )
        );
    }

    [Theory]
    [InlineData("+ INTERVAL 2 HOUR")]
    [InlineData("- INTERVAL 2 HOUR")]
    public async Task A_clock_that_was_set_two_hours_ahead_or_back_is_no_drift(string set)
    {
        await Traffic.WriteAsync(pipeline.Postgres, 7001, 30, 11);
        await EqualAsync();
        foreach (var table in new[] { "bet_changes", "user_changes", "event_changes" })
        {
            await pipeline.ClickHouse.ExecuteNonQueryAsync(
                $"ALTER TABLE {table} UPDATE committed_at = committed_at {set} WHERE bitTest(version, 56) AND id % 2 = 0 SETTINGS "
                    + $"mutations_sync = 1"
            );
        }

        await EqualAsync();
    }

    [Fact]
    public async Task A_sink_that_does_not_answer_is_no_drift_and_no_equality()
    {
        await pipeline.StopSinkAsync();
        try
        {
            var (code, output) = await pipeline.ReconcileAsync("--Reconciler:SinkLimit=00:00:02");
            Assert.Equal(2, code);
            Assert.StartsWith("could not compare: after 2 s the fence has not come", Answer(output), StringComparison.Ordinal);
        }
        finally
        {
            pipeline.StartSink();
        }
    }

    [Fact]
    public async Task Progress_in_a_former_topic_of_the_same_name_is_not_taken_for_having_read_this_one()
    {
        await Traffic.WriteAsync(pipeline.Postgres, 5001, 20, 9);
        await EqualAsync();
        var kept = await BetsProgressAsync();
        // As a sink leaves it that has not noticed yet that the topics were made anew.
        await pipeline.ClickHouse.ExecuteNonQueryAsync(
            """
            INSERT INTO sink_progress (topic, partition, next_offset, end_offset)
            SELECT topic, partition, next_offset + 1000000, end_offset FROM sink_progress FINAL WHERE endsWith(topic, '.bets')
            """
        );
        try
        {
            var (code, output) = await pipeline.ReconcileAsync("--Reconciler:SinkLimit=00:00:10");
            Assert.Equal(2, code);
            Assert.Contains("which was made anew or lost its end", Answer(output), StringComparison.Ordinal);
        }
        finally
        {
            // A merge may have left nothing but the rows that were added, and the sink stands where its own are missing.
            await pipeline.ClickHouse.ExecuteNonQueryAsync(
                "ALTER TABLE sink_progress DELETE WHERE next_offset > 1000000 SETTINGS mutations_sync = 1"
            );
            await pipeline.ClickHouse.ExecuteNonQueryAsync(
                "INSERT INTO sink_progress (topic, partition, next_offset, end_offset) VALUES " + kept
            );
        }
    }

    [Fact]
    public async Task A_store_that_is_away_is_said_in_one_line()
    {
        var (code, output) = await pipeline.ReconcileAsync("--ClickHouse:ConnectionString=Host=127.0.0.1;Port=1;Database=x");
        Assert.Equal(2, code);
        Assert.NotEmpty(Answer(output));
    }

    [Fact]
    public async Task Two_runs_at_once_are_made_one_after_the_other_unless_told_not_to_wait()
    {
        await using var other = await pipeline.Postgres.OpenConnectionAsync();
        await other.ExecuteAsync("SELECT pg_advisory_lock(@key)", new { key = Reconciliation.RunLock });

        var (refused, reason) = await pipeline.ReconcileAsync("--wait", "00:00:00");
        await Deadline.UntilAsync("the end of the refused run's session", TimeSpan.FromSeconds(60), async () => !await HasAskedAsync());
        var waiting = pipeline.ReconcileAsync();
        var first = await Task.WhenAny(waiting, UntilARunWaitsAsync());
        Assert.NotSame(waiting, first);
        await other.ExecuteAsync("SELECT pg_advisory_unlock(@key)", new { key = Reconciliation.RunLock });
        var (code, output) = await waiting;

        Assert.True(refused == 2, reason);
        Assert.Equal("could not compare: another reconciliation is running", Answer(reason).Trim());
        Assert.True(code == 0, output);
        Assert.Contains("waiting up to 00:10:00", output, StringComparison.Ordinal);
    }

    // The log is written beside the answer, so its line 402 may stand behind it.
    static string Answer(string output) =>
        Assert.Single(output.Split('\n'), line => line.StartsWith("could not compare: ", StringComparison.Ordinal));

    // Rows of INSERT … VALUES.
    async Task<string> BetsProgressAsync() =>
        (string)
            await pipeline.ClickHouse.ExecuteScalarAsync(
                """
                SELECT arrayStringConcat(groupArray(format('(''{}'', {}, {}, {})', topic, toString(partition), toString(next_offset),
                toString(end_offset))), ', ')
                FROM sink_progress FINAL WHERE endsWith(topic, '.bets')
                """
            );

    Task UntilARunWaitsAsync() => Deadline.UntilAsync("a run that waits", TimeSpan.FromSeconds(60), HasAskedAsync);

    // Seen from PostgreSQL: a run's session has asked for the lock and was told no. In this database, for other tests' runs share the
    // server.
    async Task<bool> HasAskedAsync()
    {
        await using var connection = await pipeline.Postgres.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<int>(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'idle' "
                    + "AND query = 'SELECT pg_try_advisory_lock($1)'"
            ) > 0;
    }

    async Task EqualAsync()
    {
        var (code, output) = await pipeline.ReconcileAsync();
        Assert.True(code == 0, output);
    }

    /// <summary>Ids in the history's findings of a table, of the last run.</summary>
    async Task<List<long>> KeptAsync(string table)
    {
        await using var connection = await pipeline.Postgres.OpenConnectionAsync();
        return
        [
            .. await connection.QueryAsync<long>(
                """
                SELECT row_id FROM reconciliation_findings
                WHERE part = @table AND run_id = (SELECT max(run_id) FROM reconciliation_runs) ORDER BY row_id
                """,
                new { table }
            ),
        ];
    }

    static SortedDictionary<long, string> Findings(string report, string part)
    {
        using var json = Parsed(report);
        return Named(json.RootElement.GetProperty(part).GetProperty("findings"), "betId");
    }

    static SortedDictionary<long, string> TableFindings(string report, string table)
    {
        using var json = Parsed(report);
        var tables = json.RootElement.GetProperty("tables").EnumerateArray();
        return Named(tables.Single(each => each.GetProperty("table").GetString() == table).GetProperty("findings"), "id");
    }

    // Progress and the JSON object share a log here; on a terminal they are two streams.
    static JsonDocument Parsed(string report) => JsonDocument.Parse(report[report.IndexOf("\n{", StringComparison.Ordinal)..]);

    static SortedDictionary<long, string> Named(JsonElement findings, string id) =>
        new(
            findings
                .EnumerateArray()
                .ToDictionary(
                    finding => finding.GetProperty(id).GetInt64(),
                    finding =>
                        finding.GetProperty("kind").GetString() is "mismatched" and var kind
                            ? $"{kind} {string.Join(' ', finding.GetProperty("columns").EnumerateArray().Select(column => column.GetString()))}"
                            : finding.GetProperty("kind").GetString()!
                )
        );

    static void AssertFindings(IReadOnlyDictionary<long, string> expected, SortedDictionary<long, string> found) =>
        Assert.Equal(
            expected.OrderBy(bet => bet.Key).Select(bet => $"{bet.Key} {bet.Value}"),
            found.Select(bet => $"{bet.Key} {bet.Value}")
        );
}
