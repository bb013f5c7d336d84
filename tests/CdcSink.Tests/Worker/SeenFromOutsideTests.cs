using System.Net;
using System.Text.RegularExpressions;
using Betting.CdcSink.Messages;
using Betting.Local.Engines;
using Betting.Schema;
using Betting.Tests.CdcSink.Stream;
using Betting.Tests.Fixtures;
using ClickHouse.Driver;
using Xunit;

namespace Betting.Tests.CdcSink.Worker;

/// <summary>
/// The worker's process: what its metrics and health say while all is well, and while ClickHouse hangs, refuses or is wrong.
/// </summary>
public sealed partial class SeenFromOutsideTests(Servers servers)
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task Every_metric_of_the_docs_is_on_the_page_and_one_bad_record_is_read_again_and_goes_alone()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.Client.ExecuteNonQueryAsync("ALTER TABLE bet_changes ADD CONSTRAINT never CHECK id != 13");
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using var worker = Start(stream, sink.ConnectionString);
        var made = new Made();
        await stream.SendAsync([
            made.Event(1),
            made.User(1),
            .. Enumerable
                .Range(1, 40)
                .Select(id =>
                    made.Bet(id, Made.Columns(), partition: id % 3, snapshot: id == 39 ? "first" : "false", op: id == 39 ? "r" : "c")
                ),
        ]);
        await stream.SendAsync([made.Bet(50, Made.Columns("\"amount\":\"NaN\""))]);
        await Deadline.UntilAsync("everything visible", Limit, () => stream.IsVisibleAsync(sink));

        Assert.Equal(["40|40"], await sink.QueryAsync("SELECT count(), uniqExact(bet_id) FROM bets_analytics"));
        var letter = stream.DeadLetters(stream.Bets).First();
        Assert.Equal(
            DeadLetter.RefusedByClickHouse,
            System.Text.Encoding.UTF8.GetString(letter.Message.Headers.GetLastBytes("dead-letter.reason"))
        );
        Assert.Equal("{\"id\":13}", System.Text.Encoding.UTF8.GetString(letter.Message.Key));
        Assert.Equal(["1"], await sink.QueryAsync("SELECT count() FROM reconciliation_requests FINAL WHERE answered = 0"));

        var documented = Documented().ToHashSet();
        string[] elsewhere =
        [
            "cdcsink_partitions_stopped",
            "cdcsink_lost_records_total",
            "cdcsink_partition_starts_total",
            "cdcsink_lower_epochs_total",
            "cdcsink_log_went_back_total",
            "cdcsink_lost_changes_total",
            "cdcsink_watermark_breaks_total",
        ];
        string[] page = [];
        await Deadline.UntilAsync("every metric", Limit, async () =>
        {
            page =
            [
                .. Name()
                    .Matches(await worker.BodyAsync("/metrics"))
                    .Select(match => match.Groups[1].Value)
                    .Where(name => name.StartsWith("cdcsink_", StringComparison.Ordinal))
                    .Distinct(),
            ];
            var missing = documented.Except(elsewhere).Except(page).ToArray();
            return missing.Length == 0 ? true : throw new InvalidOperationException("missing: " + string.Join(", ", missing));
        });
        Assert.Equal([], page.Except(documented).Except(elsewhere));
        await Deadline.UntilAsync("no backlog", Limit, async () =>
            await worker.MetricAsync("cdcsink_backlog_records") == 0 && await worker.MetricAsync("cdcsink_backlog_age_seconds") == 0
        );
        Assert.Equal(1, await worker.MetricAsync("cdcsink_epoch", $"topic=\"{stream.Bets}\""));
        Assert.True(await worker.MetricAsync("cdcsink_source_silent_seconds") < 120);
        await Deadline.UntilAsync("a count of parts", Limit, async () =>
            await worker.MetricAsync("cdcsink_parts", "table=\"bet_changes\"") > 0
        );
    }

    [Fact]
    public async Task A_ClickHouse_that_hangs_makes_it_unready_and_not_dead_and_costs_nothing()
    {
        var folder = Directory.CreateTempSubdirectory("cdcsink-").FullName;
        await using var server = new ClickHouseServer(folder, FreePort.Take());
        await server.StartAsync();
        var connection = server.ConnectionString("hangs");
        await ClickHouseMigrator.MigrateAsync(connection);
        using var client = new ClickHouseClient(connection);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using var worker = Start(stream, connection + ";Timeout=5", "--Http:LivenessLimit=00:00:15");
        var made = new Made();
        await stream.SendAsync([made.Event(1), .. Enumerable.Range(1, 300).Select(id => made.Bet(id, Made.Columns(), partition: id % 3))]);
        await Deadline.UntilAsync("everything visible", Limit, () => stream.IsVisibleAsync(client));
        await Deadline.UntilAsync("readiness", Limit, async () => await worker.StatusAsync("/health/ready") == HttpStatusCode.OK);

        server.Pause();
        await stream.SendAsync(Enumerable.Range(301, 3000).Select(id => made.Bet(id, Made.Columns(), partition: id % 3)));
        await Deadline.UntilAsync("unready", Limit, async () =>
            await worker.StatusAsync("/health/ready") == HttpStatusCode.ServiceUnavailable
        );
        await Deadline.UntilAsync("a lag that grows", Limit, async () =>
            await worker.MetricAsync("cdcsink_backlog_records") >= 1 && await worker.MetricAsync("cdcsink_backlog_age_seconds") > 5
        );
        await Deadline.UntilAsync("attempts", Limit, async () =>
            await worker.MetricAsync("cdcsink_retries_total") >= 3
            && await worker.MetricAsync("cdcsink_lag_age_seconds", "of=\"clickhouse\"") > 15
        );
        // Other replicas may reach ClickHouse, and then what this one saw is not true any more.
        string[] seen =
        [
            "cdcsink_freshness_seconds",
            "cdcsink_watermark_age_seconds",
            "cdcsink_holds",
            "cdcsink_epoch",
            "cdcsink_backlog_records",
            "cdcsink_backlog_age_seconds",
            "cdcsink_partitions_missing",
            "cdcsink_parts",
            "cdcsink_parts_fullest",
            "cdcsink_schema_faults",
            "cdcsink_disk_free_bytes",
            "cdcsink_disk_size_bytes",
        ];
        await Deadline.UntilAsync("nothing of what it saw before", Limit, async () =>
        {
            var page = await worker.BodyAsync("/metrics");
            return !seen.Any(name => page.Contains($"\n{name}{{", StringComparison.Ordinal));
        });
        Assert.True(await worker.MetricAsync("cdcsink_lag_age_seconds", "of=\"kafka\"") < 30);
        Assert.NotNull(await worker.MetricAsync("cdcsink_source_silent_seconds"));
        Assert.Equal(HttpStatusCode.OK, await worker.StatusAsync("/health/live"));

        server.Resume();
        await Deadline.UntilAsync("everything visible", Limit, () => stream.IsVisibleAsync(client));
        Assert.Equal(3300UL, await client.ExecuteScalarAsync("SELECT count() FROM bets_analytics"));
        Assert.Equal(3300UL, await client.ExecuteScalarAsync("SELECT uniqExact(bet_id) FROM bets_analytics"));
        await Deadline.UntilAsync("readiness and no backlog", Limit, async () =>
            await worker.StatusAsync("/health/ready") == HttpStatusCode.OK && await worker.MetricAsync("cdcsink_backlog_records") == 0
        );
        Assert.Equal(0, await worker.MetricAsync("cdcsink_holds"));
    }

    [Fact]
    public async Task What_only_an_operator_can_mend_ends_it_with_one_line()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using var worker = Start(stream, sink.ConnectionString);
        await Deadline.UntilAsync("its first look at the schema", Limit, async () =>
            await worker.MetricAsync("cdcsink_schema_faults") == 0
        );
        await sink.Client.ExecuteNonQueryAsync("DROP TABLE bet_changes");
        await stream.SendAsync([new Made().Bet(1, Made.Columns())]);

        var (code, said) = await worker.EndedAsync();

        Assert.Equal(1, code);
        Assert.Contains(
            "ClickHouse refuses with 60 (UNKNOWN_TABLE): its schema is not this version's, or a part of it is lost",
            said,
            StringComparison.Ordinal
        );
        // Where the partitions begin stands there, and nothing beyond it.
        Assert.Equal(["0"], await sink.QueryAsync("SELECT max(next_offset) FROM sink_progress"));
    }

    static SinkProcess Start(KafkaStream stream, string clickHouse, params string[] settings)
    {
        var (setting, address) = SinkProcess.Listening();
        return new SinkProcess(
            stream.StartWorker(clickHouse, [setting, "--CdcSink:LagEvery=00:00:00.500", "--CdcSink:RetryPause=00:00:01", .. settings]),
            address
        );
    }

    static IEnumerable<string> Documented() =>
        File.ReadLines(Path.Combine(Installed.ProjectRoot, "docs", "cdcsink.md"))
            .Select(line => Row().Match(line))
            .Where(match => match.Success)
            .Select(match => match.Groups[1].Value);

    [GeneratedRegex(@"^\| `(cdcsink_\w+)` \|")]
    private static partial Regex Row();

    // A histogram's own name is that of its count.
    [GeneratedRegex(@"^(\w+?)(?:_count|_bucket|_sum)?\{", RegexOptions.Multiline)]
    private static partial Regex Name();
}
