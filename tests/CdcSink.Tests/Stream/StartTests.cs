using System.Net;
using Betting.Debezium;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Stream;

/// <summary>Where the worker begins to read, as a process between the Kafka protocol and the real engine.</summary>
public sealed class StartTests(Servers servers)
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);
    const string Restored = "was it restored, or is it another one?";

    readonly Made _made = new();

    [Fact]
    public async Task Clickhouse_kafka_connect_511_an_offset_out_of_range_stops_its_partition_and_never_jumps()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using (var worker = stream.StartWorker(sink.ConnectionString))
        {
            await stream.SendAsync([Bet(1), Bet(2, 1)]);
            await BetsAsync(sink, "1,2");
            Assert.True(await worker.StopAsync(Limit));
        }
        await stream.SendAsync([Bet(3), Bet(4), Bet(5)]);
        await stream.DeleteRecordsAsync(stream.Bets, 0, before: 3);
        await stream.SendAsync([Bet(6, 1)]);

        var http = new Uri($"http://127.0.0.1:{FreePort.Take()}");
        await using (var worker = stream.StartWorker(sink.ConnectionString, $"--Http:Url={http.AbsoluteUri.TrimEnd('/')}"))
        {
            await BetsAsync(sink, "1,2,6");
            using var client = new HttpClient();
            await Deadline.UntilAsync("unreadiness that names the partition", Limit, async () =>
            {
                using var answer = await client.GetAsync(new Uri(http, "/health/ready"));
                return answer.StatusCode == HttpStatusCode.ServiceUnavailable
                    && (await answer.Content.ReadAsStringAsync()).Contains($"{stream.Bets}/0", StringComparison.Ordinal);
            });
            await Deadline.UntilAsync("its metric", Limit, async () =>
                (await client.GetStringAsync(new Uri(http, "/metrics")))
                    .Split('\n')
                    .Any(line => line.StartsWith("cdcsink_partitions_stopped", StringComparison.Ordinal) && line.Split(' ')[1] == "1")
            );
            Assert.Contains(
                $"{stream.Bets}/0 is stopped: its next record 1 is gone, the topic has 3 to 4",
                KafkaStream.Said(worker),
                StringComparison.Ordinal
            );
            Assert.Equal(
                "1",
                (await sink.QueryAsync($"SELECT next_offset FROM sink_progress FINAL WHERE topic = '{stream.Bets}' AND partition = 0"))[0]
            );
            Assert.True(await worker.StopAsync(Limit));
        }
        await using var goesOn = stream.StartWorker(sink.ConnectionString, "--CdcSink:LostOffset=Earliest");
        await BetsAsync(sink, "1,2,5,6");
        Assert.Contains("2 records are gone that were never read", KafkaStream.Said(goesOn), StringComparison.Ordinal);
        Assert.Equal([$"{stream.Bets}/0 from 1 to 3, generation 0"], await sink.QueryAsync("SELECT id FROM holds"));
    }

    [Fact]
    public async Task Records_that_go_while_the_worker_runs_stop_that_partition_alone()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using var worker = stream.StartWorker(sink.ConnectionString);
        await stream.SendAsync([Bet(1)]);
        await BetsAsync(sink, "1");
        worker.Send(Signal.Stop);
        await stream.SendAsync([Bet(2), Bet(3)]);
        await stream.DeleteRecordsAsync(stream.Bets, 0, before: 2);
        worker.Send(Signal.Continue);
        await Deadline.UntilAsync("a stopped partition, or one that it had fetched before", Limit, async () =>
            KafkaStream.Said(worker).Contains("is stopped: its next record 1 is gone", StringComparison.Ordinal)
            || (await sink.QueryAsync("SELECT count() FROM bets_analytics WHERE bet_id = 3"))[0] == "1"
        );
        await stream.SendAsync([Bet(4, 1)]);
        await Deadline.UntilAsync("the other partition", Limit, async () =>
            (await sink.QueryAsync("SELECT count() FROM bets_analytics WHERE bet_id = 4"))[0] == "1"
        );
        Assert.False(worker.HasExited);
    }

    [Fact]
    public async Task Partitions_without_a_leader_hold_up_no_other_partition_neither_at_the_first_start_nor_later()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await stream.SendAsync([Bet(1), Bet(2, 1), Bet(3, 2)]);
        await LeadAsync(hasLeader: false);
        await using (var worker = stream.StartWorker(sink.ConnectionString))
        {
            await BetsAsync(sink, "1");
            await stream.SendAsync([Bet(4)]);
            await BetsAsync(sink, "1,4");
            Assert.Single(KafkaStream.Said(worker).Split('\n'), line =>
                line.Contains("Where to begin cannot be told yet of 2 partitions", StringComparison.Ordinal)
            );
            Assert.DoesNotContain("Kafka does not serve this worker", KafkaStream.Said(worker), StringComparison.Ordinal);
            await LeadAsync(hasLeader: true);
            await BetsAsync(sink, "1,2,3,4");
            Assert.True(await worker.StopAsync(Limit));
        }

        await LeadAsync(hasLeader: false);
        await using var again = stream.StartWorker(sink.ConnectionString);
        await stream.SendAsync([Bet(5)]);
        await BetsAsync(sink, "1,2,3,4,5");
        await LeadAsync(hasLeader: true);
        await stream.SendAsync([Bet(6, 1), Bet(7, 2)]);
        await BetsAsync(sink, "1,2,3,4,5,6,7");

        async Task LeadAsync(bool hasLeader)
        {
            await stream.LeadAsync(stream.Bets, 1, hasLeader);
            await stream.LeadAsync(stream.Bets, 2, hasLeader);
        }
    }

    [Fact]
    public async Task A_first_start_at_the_end_waits_for_the_ends_of_all_partitions_of_a_topic()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await stream.SendAsync([Bet(1), Bet(2, 1)]);
        await stream.LeadAsync(stream.Bets, 1, hasLeader: false);
        await using var worker = stream.StartWorker(sink.ConnectionString, "--CdcSink:FirstStart=End");
        await Deadline.UntilAsync("a partition that has no end yet", Limit, () =>
            Task.FromResult(
                KafkaStream.Said(worker).Contains("Where to begin cannot be told yet of 3 partitions", StringComparison.Ordinal)
            )
        );

        await stream.LeadAsync(stream.Bets, 1, hasLeader: true);
        await Deadline.UntilAsync("progress at the ends", Limit, async () =>
            (
                await sink.QueryAsync(
                    $"SELECT toString(groupArray(next_offset)) FROM (SELECT next_offset FROM sink_progress FINAL WHERE "
                        + $"topic = '{stream.Bets}' ORDER BY partition)"
                )
            )[0] == "[1,1,0]"
        );
        await stream.SendAsync([Bet(3), Bet(4, 1), Bet(5, 2)]);

        await BetsAsync(sink, "3,4,5");
    }

    [Fact]
    public async Task A_topic_made_anew_is_read_from_its_beginning_and_progress_goes_back_with_it()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using (var worker = stream.StartWorker(sink.ConnectionString))
        {
            await stream.SendAsync([Bet(1), Bet(2), Bet(3)]);
            await Deadline.UntilAsync("progress", Limit, () => stream.IsVisibleAsync(sink));
            await stream.MakeAnewAsync(stream.Bets);
            await stream.SendAsync([Bet(4)]);
            await BetsAsync(sink, "1,2,3,4");
            Assert.Contains($"{stream.Bets}/0 was made anew", KafkaStream.Said(worker), StringComparison.Ordinal);
            await ProgressAsync(sink, stream.Bets, 1);
            Assert.True(await worker.StopAsync(Limit));
        }
        // By the time the sink is back, the next one has outgrown what was read of this one.
        await stream.MakeAnewAsync(stream.Bets);
        await stream.SendAsync([Bet(5), Bet(6), Bet(7)]);
        await using var again = stream.StartWorker(sink.ConnectionString);
        await BetsAsync(sink, "1,2,3,4,5,6,7");
        await ProgressAsync(sink, stream.Bets, 3);
    }

    [Fact]
    public async Task A_topic_made_anew_with_records_that_nobody_had_read_holds_data_as_of_until_a_reconciliation_and_is_told()
    {
        string[] fast = ["--CdcSink:LagEvery=00:00:00.200", "--CdcSink:WatermarkSettle=00:00:00"];
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using (var worker = stream.StartWorker(sink.ConnectionString, fast))
        {
            await stream.SendAsync([Bet(1), Bet(2, 1), _made.Watermark("2026-01-01T09:00:01+00:00")]);
            await Deadline.UntilAsync("a watermark", Limit, async () => (await AsOfAsync(sink))[0] == "2026-01-01 09:00:00.000000");
            Assert.True(await worker.StopAsync(Limit));
        }
        await stream.SendAsync([Bet(3), Bet(4, 1)]);
        await stream.MakeAnewAsync(stream.Bets);
        await stream.SendAsync([Bet(5, 2), _made.Watermark("2026-01-01T10:00:01+00:00")]);

        var http = new Uri($"http://127.0.0.1:{FreePort.Take()}");
        await using var again = stream.StartWorker(sink.ConnectionString, [$"--Http:Url={http.AbsoluteUri.TrimEnd('/')}", .. fast]);
        await BetsAsync(sink, "1,2,5");
        await Deadline.UntilAsync("the next watermark", Limit, async () =>
            (await sink.QueryAsync("SELECT toString(max(as_of)) FROM visible_watermarks FINAL"))[0] == "2026-01-01 10:00:00.000000"
        );
        Assert.Equal(["2026-01-01 09:00:00.000000"], await AsOfAsync(sink));
        Assert.Equal(
            [$"{stream.Bets}/0 made anew after 1, generation 0", $"{stream.Bets}/1 made anew after 1, generation 0"],
            await sink.QueryAsync("SELECT id FROM holds ORDER BY id")
        );
        using var client = new HttpClient();
        await Deadline.UntilAsync("the metrics and the line", Limit, async () =>
        {
            var page = (await client.GetStringAsync(new Uri(http, "/metrics"))).Split('\n');
            return page.Any(line => line.StartsWith("cdcsink_holds", StringComparison.Ordinal) && line.Split(' ')[1] == "2")
                && page.Any(line =>
                    line.StartsWith("cdcsink_partition_starts_total", StringComparison.Ordinal)
                    && line.Contains("why=\"TopicRecreated\"", StringComparison.Ordinal)
                )
                && KafkaStream
                    .Said(again)
                    .Contains("data_as_of is held at 2026-01-01 09:00:00Z: a topic was deleted and made anew", StringComparison.Ordinal);
        });

        await sink.QueryAsync("INSERT INTO reconciliation_requests SELECT id, reason, asked_at, 2, 7, holds_from FROM holds");
        Assert.Equal(["2026-01-01 10:00:00.000000"], await AsOfAsync(sink));
    }

    [Fact]
    public async Task A_topic_deleted_while_the_worker_runs_stops_data_as_of_and_holds_it_when_the_topic_is_there_again()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using var worker = stream.StartWorker(
            sink.ConnectionString,
            "--CdcSink:LagEvery=00:00:00.200",
            "--CdcSink:WatermarkSettle=00:00:00"
        );
        await stream.SendAsync([Bet(1), Bet(2), _made.Watermark("2026-01-01T09:00:01+00:00")]);
        await Deadline.UntilAsync("a watermark", Limit, async () => (await AsOfAsync(sink))[0] == "2026-01-01 09:00:00.000000");

        await stream.DeleteAsync(stream.Bets);
        await Deadline.UntilAsync("the line", Limit, () =>
            Task.FromResult(
                KafkaStream
                    .Said(worker)
                    .Contains($"{stream.Bets}/0, {stream.Bets}/1, {stream.Bets}/2 are not in Kafka", StringComparison.Ordinal)
            )
        );
        await stream.SendAsync([_made.Watermark("2026-01-01T10:00:01+00:00")]);
        await Deadline.UntilAsync("the watermark in ClickHouse", Limit, async () =>
            (await sink.QueryAsync("SELECT count() FROM watermarks FINAL"))[0] == "2"
        );
        await stream.MakeAnewAsync(stream.Bets);
        await stream.SendAsync([Bet(3)]);
        await BetsAsync(sink, "1,2,3");
        await Deadline.UntilAsync("the next watermark", Limit, async () =>
            (await sink.QueryAsync("SELECT toString(max(as_of)) FROM visible_watermarks FINAL"))[0] == "2026-01-01 10:00:00.000000"
        );
        Assert.Equal(["2026-01-01 09:00:00.000000"], await AsOfAsync(sink));
    }

    [Fact]
    public async Task A_first_start_at_the_end_of_topics_and_a_rewind_forward_leave_out_records_and_hold_data_as_of()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await stream.SendAsync([Bet(1), Bet(2)]);
        await using (var worker = stream.StartWorker(sink.ConnectionString, "--CdcSink:FirstStart=End"))
        {
            await Deadline.UntilAsync("a start at the end of all topics", Limit, async () =>
                (await sink.QueryAsync("SELECT count() FROM sink_progress FINAL"))[0] == "15"
            );
            Assert.Equal([$"{stream.Bets}/0 from 0 to 2, generation 0"], await sink.QueryAsync("SELECT id FROM holds"));
            Assert.True(await worker.StopAsync(Limit));
        }
        await stream.SendAsync([Bet(3), Bet(4), Bet(5)]);
        var (code, output) = await stream.VerbAsync(
            sink.ConnectionString,
            "rewind",
            "--to",
            "4",
            "--table",
            "bets",
            "--partition",
            "0",
            "--forward",
            "--no-wait"
        );
        Assert.True(code == 0, output);
        await using var again = stream.StartWorker(sink.ConnectionString);
        await BetsAsync(sink, "5");
        Assert.Equal(
            [$"{stream.Bets}/0 from 0 to 2, generation 0", $"{stream.Bets}/0 from 2 to 4, generation 0"],
            await sink.QueryAsync("SELECT id FROM holds ORDER BY id")
        );
    }

    [Fact]
    public async Task Without_offsets_of_the_group_it_goes_on_from_progress_and_a_partition_that_was_added_is_read_whole()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using (var worker = stream.StartWorker(sink.ConnectionString, "--CdcSink:FirstStart=End"))
        {
            await Deadline.UntilAsync("a start at the end of all topics", Limit, async () =>
                (await sink.QueryAsync("SELECT count() FROM sink_progress FINAL"))[0] == "15"
            );
            await stream.SendAsync([Bet(1), Bet(2)]);
            await BetsAsync(sink, "1,2");
            Assert.True(await worker.StopAsync(Limit));
        }
        // As if partition 2 had not been there.
        await sink.QueryAsync(
            $"ALTER TABLE sink_progress DELETE WHERE topic = '{stream.Bets}' AND partition = 2 SETTINGS mutations_sync = 1"
        );
        await stream.SendAsync([Bet(3), Bet(4, 2)]);
        await using var other = stream.StartWorker(
            sink.ConnectionString,
            "--CdcSink:FirstStart=End",
            $"--CdcSink:Group={stream.Prefix}-other"
        );
        await BetsAsync(sink, "1,2,3,4");
        Assert.Contains($"{stream.Bets}/0 has no offset in the group and goes on at 2", KafkaStream.Said(other), StringComparison.Ordinal);
        Assert.Contains($"{stream.Bets}/2 was added to a topic that the sink knows", KafkaStream.Said(other), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    // The worker has recorded nothing since its start: another one did, before its partitions changed hands.
    [InlineData(true)]
    public async Task A_ClickHouse_that_is_restored_while_the_worker_runs_ends_the_worker_and_gets_again_what_it_lost(bool isFresh)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        var worker = stream.StartWorker(sink.ConnectionString);
        try
        {
            await stream.SendAsync([Bet(1), Bet(2, 2)]);
            await BetsAsync(sink, "1,2");
            await Deadline.UntilAsync("progress", Limit, () => stream.IsVisibleAsync(sink));
            var tables = await sink.QueryAsync(
                "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree' AND name NOT LIKE '.inner%'"
            );
            foreach (var table in tables)
            {
                await sink.QueryAsync($"CREATE TABLE kept_{table} AS {table}");
                await sink.QueryAsync($"INSERT INTO kept_{table} SELECT * FROM {table}");
            }
            await stream.SendAsync([Bet(3), Bet(4, 2)]);
            await BetsAsync(sink, "1,2,3,4");
            await Deadline.UntilAsync("progress", Limit, () => stream.IsVisibleAsync(sink));
            if (isFresh)
            {
                Assert.True(await worker.StopAsync(Limit));
                await worker.DisposeAsync();
                worker = stream.StartWorker(sink.ConnectionString);
                await Deadline.UntilAsync("an assignment", Limit, () => Task.FromResult(Said(worker, $"{stream.Bets}")));
            }

            // The state of the backup; the worker knows nothing of it until it has something to record.
            worker.Send(Signal.Stop);
            foreach (var table in tables)
            {
                await sink.QueryAsync($"TRUNCATE TABLE {table}");
                await sink.QueryAsync($"INSERT INTO {table} SELECT * FROM kept_{table}");
            }
            worker.Send(Signal.Continue);
            await stream.SendAsync([Bet(5)]);
            // Where it stood so long that it lost its partitions, it begins them anew by what ClickHouse has.
            await Deadline.UntilAsync("the end of the worker, or another beginning", Limit, () =>
                Task.FromResult(worker.HasExited || Said(worker, Restored))
            );
            if (worker.HasExited)
            {
                Assert.Equal(1, worker.ExitCode);
                Assert.Contains(
                    $"ClickHouse lost what this replica wrote: {stream.Bets} 0 was recorded up to 2, and ClickHouse has it up to 1",
                    KafkaStream.Said(worker),
                    StringComparison.Ordinal
                );
                await using var again = stream.StartWorker(sink.ConnectionString);
                await BetsAsync(sink, "1,2,3,4,5");
                Assert.True(Said(again, Restored), KafkaStream.Said(again));
            }
            await BetsAsync(sink, "1,2,3,4,5");
        }
        finally
        {
            await worker.DisposeAsync();
        }

        static bool Said(EngineProcess worker, string text) => KafkaStream.Said(worker).Contains(text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_ClickHouse_restored_to_before_a_topic_was_made_anew_gets_the_new_topic_from_its_beginning()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using (var worker = stream.StartWorker(sink.ConnectionString))
        {
            await stream.SendAsync([Bet(1), Bet(2)]);
            await BetsAsync(sink, "1,2");
            await Deadline.UntilAsync("progress", Limit, () => stream.IsVisibleAsync(sink));
            await sink.QueryAsync("CREATE TABLE kept AS sink_progress");
            await sink.QueryAsync("INSERT INTO kept SELECT * FROM sink_progress");
            await stream.MakeAnewAsync(stream.Bets);
            await stream.SendAsync([Bet(3)]);
            await BetsAsync(sink, "1,2,3");
            await stream.SendAsync([Bet(4), Bet(5), Bet(6)]);
            await BetsAsync(sink, "1,2,3,4,5,6");
            await Deadline.UntilAsync("progress", Limit, () => stream.IsVisibleAsync(sink));
            Assert.True(await worker.StopAsync(Limit));
        }
        foreach (var table in new[] { "sink_progress", "bet_changes", "bets_analytics_rows", "reconciliation_requests" })
        {
            await sink.QueryAsync($"TRUNCATE TABLE {table}");
        }
        await sink.QueryAsync("INSERT INTO sink_progress SELECT * FROM kept");

        await using var again = stream.StartWorker(sink.ConnectionString);
        await BetsAsync(sink, "3,4,5,6");
        Assert.Contains($"{stream.Bets}/0 was made anew", KafkaStream.Said(again), StringComparison.Ordinal);
        Assert.Contains($"{stream.Bets}/0 made anew after 2, generation 0", await sink.QueryAsync("SELECT id FROM holds"));
    }

    [Fact]
    public async Task A_ClickHouse_that_lost_what_the_group_has_read_gets_it_again()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var restored = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using (var worker = stream.StartWorker(sink.ConnectionString))
        {
            await stream.SendAsync([Bet(1)]);
            await BetsAsync(sink, "1");
            // What a backup of this moment has.
            await restored.QueryAsync(
                $"INSERT INTO sink_progress (topic, partition, next_offset) VALUES ('{stream.Bets}', 0, 1), ('{stream.Bets}', 1, 0)"
            );
            await stream.SendAsync([Bet(2), Bet(3, 2)]);
            await BetsAsync(sink, "1,2,3");
            Assert.True(await worker.StopAsync(Limit));
        }
        await using var again = stream.StartWorker(restored.ConnectionString);
        await BetsAsync(restored, "2,3");
        Assert.Contains(
            $"{stream.Bets}/0: the group is at 2, but ClickHouse has only what is before 1",
            KafkaStream.Said(again),
            StringComparison.Ordinal
        );
        Assert.Contains(
            $"{stream.Bets}/2: the group is at 1, but ClickHouse knows nothing of this partition",
            KafkaStream.Said(again),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task ClickHouse_away_at_the_start_is_waited_for()
    {
        await using var server = new ClickHouseServer(Directory.CreateTempSubdirectory("cdcsink-").FullName, FreePort.Take());
        await server.StartAsync();
        var connection = server.ConnectionString("late");
        await Schema.ClickHouseMigrator.MigrateAsync(connection);
        await server.KillAsync();
        await using var stream = await KafkaStream.CreateAsync(servers);
        await stream.SendAsync([Bet(1)]);
        await using var worker = stream.StartWorker(connection);
        await Deadline.UntilAsync("a worker that waits", Limit, () =>
            Task.FromResult(KafkaStream.Said(worker).Contains(" does not serve this worker (connection refused)", StringComparison.Ordinal))
        );
        await server.StartAsync();
        using var client = new global::ClickHouse.Driver.ClickHouseClient(connection);
        await Deadline.UntilAsync("the record", Limit, () => stream.IsVisibleAsync(client));
        Assert.DoesNotContain("   at ", KafkaStream.Said(worker), StringComparison.Ordinal);
    }

    static Task<List<string>> AsOfAsync(SinkUnderTest sink) =>
        sink.QueryAsync("SELECT ifNull(toString(data_as_of), 'NULL') FROM data_as_of");

    StreamRecord Bet(long id, int partition = 0) => _made.Bet(id, Made.Columns(), partition: partition);

    static Task BetsAsync(SinkUnderTest sink, string ids) =>
        Deadline.UntilAsync($"bets {ids}", Limit, async () =>
            (
                await sink.QueryAsync(
                    "SELECT arrayStringConcat(groupArray(toString(bet_id)), ',') FROM (SELECT bet_id FROM bets_analytics ORDER BY bet_id)"
                )
            )[0] == ids
        );

    static Task ProgressAsync(SinkUnderTest sink, string topic, long next) =>
        Deadline.UntilAsync($"progress {next}", Limit, async () =>
            (await sink.QueryAsync($"SELECT next_offset FROM sink_progress FINAL WHERE topic = '{topic}' AND partition = 0"))[0]
            == FormattableString.Invariant($"{next}")
        );
}
