using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Betting.Local.Engines;
using Confluent.Kafka;
using Xunit;

namespace Betting.Tests.Local.Capture;

/// <summary>At least once, in order, whatever is killed.</summary>
public sealed class DeliveryTests(CaptureFixture fixture)
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Killed_under_writes_every_change_arrives_in_order_and_what_comes_twice_has_the_same_position()
    {
        await using var stage = await fixture.StageAsync(partitions: 3);
        await stage.CreateTablesAsync();
        await stage.StartCaptureAsync();
        await stage.StreamingAsync();
        var writer = new BetWriter(stage, sessions: 4);
        using var enough = new CancellationTokenSource();
        var writing = writer.RunAsync(enough.Token);
        for (int kill = 0; kill < 4; kill++)
        {
            int enoughRecords = 1000 + kill * 777; // long enough to be acknowledged in part, and to be recorded in part
            await Deadline.UntilAsync("changes", Patience, async () => await SentAsync(stage, stage.Topics.Bets) > enoughRecords);
            await stage.KillCaptureAsync();
            await stage.StartCaptureAsync();
            await stage.StreamingAsync();
            Assert.Equal(0, (await stage.StatusAsync()).GetProperty("snapshots").GetInt32());
        }
        await enough.CancelAsync();
        await writing;
        await stage.FenceAsync();

        int repeated = AssertComplete(writer, stage.ReadAll(stage.Topics.Bets));
        Assert.True(repeated > 0, "no kill fell between acknowledgement and its record: this run has shown nothing");
    }

    [Fact]
    public async Task A_lost_connection_to_PostgreSQL_loses_nothing()
    {
        await using var stage = await fixture.StageAsync();
        await stage.CreateTablesAsync();
        await stage.StartCaptureAsync();
        await stage.StreamingAsync();
        var writer = new BetWriter(stage, sessions: 2);
        using var enough = new CancellationTokenSource();
        var writing = writer.RunAsync(enough.Token);
        for (int cut = 1; cut <= 2; cut++)
        {
            await Deadline.UntilAsync("the cut", Patience, async () =>
                await stage.AskAsync<long>(
                    $"select count(pg_terminate_backend(active_pid)) from pg_replication_slots where slot_name = '{stage.Slot}' and active"
                ) == 1
            );
            int restarts = cut;
            await Deadline.UntilAsync("capture's return", Patience, async () =>
                (await stage.StatusAsync()).GetProperty("restarts").GetInt32() >= restarts
            );
            await stage.StreamingAsync();
        }
        await enough.CancelAsync();
        await writing;
        await stage.FenceAsync();

        AssertComplete(writer, stage.ReadAll(stage.Topics.Bets));
    }

    [Theory]
    [InlineData("")]
    [InlineData("select 1")]
    public async Task A_PostgreSQL_that_stands_still_and_goes_on_later_never_ends_capture(string heartbeatAction)
    {
        await using var server = await CaptureFixture.OwnPostgresAsync();
        await using var stage = await fixture.StageAsync(ownPostgres: server);
        await stage.CreateTablesAsync();
        await stage.StartCaptureAsync("--heartbeat-action-query", heartbeatAction);
        await stage.StreamingAsync();
        string processes = await stage.AskAsync<string>("select string_agg(pid::text, ',') from pg_stat_activity");
        int[] all = [server.ProcessId, .. processes.Split(',').Select(id => int.Parse(id, CultureInfo.InvariantCulture))];
        foreach (int process in all)
            Signal.Stop.SendTo(process);
        try
        {
            // The stream is given up after 30 s without a word, the statement of a heartbeat after 5 s.
            await Deadline.UntilAsync("a second attempt that fails", 4 * Patience, async () =>
                (await stage.StatusAsync()).GetProperty("restarts").GetInt32() >= 2
            );
        }
        finally
        {
            foreach (int process in all)
                Signal.Continue.SendTo(process);
        }

        await stage.ExecuteAsync("insert into users select g, 'user ' || g, now() from generate_series(1, 100) g");
        await Deadline.UntilAsync("streaming again", 4 * Patience, async () =>
            (await stage.StatusAsync()).GetProperty("phase").GetString() == "streaming"
        );
        await stage.FenceAsync();
        Assert.Equal(100, stage.ReadAll(stage.Topics.Users).Select(record => record.Message.Key).Distinct().Count());
    }

    [Theory]
    [InlineData("a backend told to end", 25)]
    [InlineData("a fast shutdown", 6)]
    [InlineData("a crash", 4)]
    public async Task A_walsender_that_PostgreSQL_ends_at_any_moment_never_ends_capture(string by, int times)
    {
        await using var server = await CaptureFixture.OwnPostgresAsync();
        await using var stage = await fixture.StageAsync(ownPostgres: server);
        await stage.CreateTablesAsync();
        await stage.StartCaptureAsync();
        await stage.StreamingAsync();
        for (int cut = 1; cut <= times; cut++)
        {
            await stage.ExecuteAsync(
                "insert into users select g, 'user ' || g, now() from generate_series($1, $2) g",
                cut * 1000,
                cut * 1000 + 999
            );
            // As soon as there is a walsender: it ends while capture connects, reads, confirms or waits.
            await Deadline.UntilAsync("a walsender", Patience, async () =>
                await stage.AskAsync<long>("select count(*) from pg_stat_replication") > 0
            );
            switch (by)
            {
                case "a backend told to end":
                    await stage.AskAsync<long>("select count(pg_terminate_backend(pid)) from pg_stat_replication");
                    break;
                case "a fast shutdown":
                    await server.StopAsync();
                    await server.StartAsync();
                    break;
                default:
                    await server.KillAsync();
                    await server.StartAsync();
                    break;
            }
            await Deadline.UntilAsync("PostgreSQL's answer", Patience, async () => await stage.AskAsync<int>("select 1") == 1);
        }
        await stage.FenceAsync();

        Assert.Equal(Enumerable.Range(1000, times * 1000), stage.ReadAll(stage.Topics.Users).Select(Id).Distinct().Order());
    }

    [Fact]
    public async Task While_Kafka_is_away_changes_wait_and_then_arrive()
    {
        await using var broker = await fixture.OwnBrokerAsync();
        await using var stage = await fixture.StageAsync(own: broker);
        await stage.CreateTablesAsync();
        await stage.StartCaptureAsync();
        await stage.StreamingAsync();
        using var http = new HttpClient { BaseAddress = broker.Admin };
        await http.PostAsync("/brokers/1/down", null);
        await stage.ExecuteAsync("insert into users select g, 'user ' || g, now() from generate_series(1, 5000) g");
        await Deadline.UntilAsync("records under way", Patience, async () =>
            (await stage.StatusAsync()).GetProperty("underWay").GetInt32() >= 5000
        );
        ulong confirmed = await ConfirmedAsync(stage);
        await http.PostAsync("/brokers/1/up", null);
        await stage.FenceAsync();

        Assert.Equal(Enumerable.Range(1, 5000), stage.ReadAll(stage.Topics.Users).Select(Id).Distinct());
        await Deadline.UntilAsync("confirmation", Patience, async () => await ConfirmedAsync(stage) > confirmed);
    }

    [Fact]
    public async Task Killed_while_Kafka_is_away_it_sends_again_what_was_never_acknowledged()
    {
        await using var broker = await fixture.OwnBrokerAsync();
        await using var stage = await fixture.StageAsync(own: broker);
        await stage.CreateTablesAsync();
        await stage.StartCaptureAsync();
        await stage.StreamingAsync();
        using var http = new HttpClient { BaseAddress = broker.Admin };
        await http.PostAsync("/brokers/1/down", null);
        await stage.ExecuteAsync("insert into users select g, 'user ' || g, now() from generate_series(1, 100) g");
        await Deadline.UntilAsync("records under way", Patience, async () =>
            (await stage.StatusAsync()).GetProperty("underWay").GetInt32() >= 100
        );
        // Five heartbeats later it has had every occasion to record what it must not.
        long heartbeats = await SentAsync(stage, stage.Topics.Heartbeats);
        await Deadline.UntilAsync("heartbeats", Patience, async () => await SentAsync(stage, stage.Topics.Heartbeats) >= heartbeats + 5);
        await stage.KillCaptureAsync();
        await http.PostAsync("/brokers/1/up", null);
        await stage.StartCaptureAsync();
        await stage.FenceAsync();

        Assert.Equal(Enumerable.Range(1, 100), stage.ReadAll(stage.Topics.Users).Select(Id));
    }

    [Fact]
    public async Task After_an_orderly_stop_nothing_comes_twice_and_nothing_is_missing()
    {
        await using var stage = await fixture.StageAsync();
        await stage.CreateTablesAsync();
        await stage.ExecuteAsync("insert into users values (1, 'read', now())");
        await stage.StartCaptureAsync();
        await stage.StreamingAsync();
        await stage.ExecuteAsync("insert into users values (2, 'streamed', now())");
        await stage.FenceAsync("before the stop");
        Assert.Contains(
            $"capture_records_sent_total{{topic=\"{stage.Topics.Users}\"}} " + $"2",
            await stage.MetricsAsync(),
            StringComparison.Ordinal
        );
        await stage.StopCaptureAsync();
        await stage.ExecuteAsync("insert into users values (3, 'while away', now())");
        await stage.StartCaptureAsync();
        await stage.FenceAsync("after the start");

        Assert.Equal([1, 2, 3], stage.ReadAll(stage.Topics.Users).Select(Id));
    }

    [Fact]
    public async Task An_idle_capture_holds_no_WAL_back()
    {
        await using var stage = await fixture.StageAsync();
        await stage.CreateTablesAsync();
        await stage.StartCaptureAsync();
        await stage.StreamingAsync();
        await stage.ExecuteAsync("create table uncaptured (id int); insert into uncaptured select generate_series(1, 10000)");
        long written = await stage.AskAsync<long>("select (pg_current_wal_lsn() - '0/0')::bigint");

        await Deadline.UntilAsync("the slot's progress", Patience, async () => await ConfirmedAsync(stage) >= (ulong)written);
        Assert.Empty(stage.ReadAll(stage.Topics.Users));
    }

    /// <returns>How many records came more than once.</returns>
    static int AssertComplete(BetWriter writer, List<ConsumeResult<string?, string?>> records)
    {
        Assert.All(records.GroupBy(record => record.Message.Key), ofKey =>
            Assert.Single(ofKey.Select(record => record.Partition).Distinct())
        );
        var first = new Dictionary<string, string>();
        var payouts = new Dictionary<int, List<int>>();
        foreach (var record in records)
        {
            var value = JsonNode.Parse(record.Message.Value!)!.AsObject();
            foreach (string time in (string[])["ts_ms", "ts_us", "ts_ns"])
                value.Remove(time);
            string place = $"{value["source"]!["sequence"]} {value["transaction"]!["total_order"]}";
            if (!first.TryAdd(place, value.ToJsonString()))
            {
                Assert.Equal(first[place], value.ToJsonString());
                continue;
            }
            int bet = value["after"]!["id"]!.GetValue<int>();
            if (!payouts.TryGetValue(bet, out var list))
                payouts[bet] = list = [];
            list.Add((int)decimal.Parse(value["after"]!["payout"]!.GetValue<string>(), CultureInfo.InvariantCulture));
        }
        for (int bet = 1; bet < writer.Changes.Count; bet++)
            Assert.Equal(Enumerable.Range(0, writer.Changes[bet]), payouts.GetValueOrDefault(bet) ?? []);
        return records.Count - first.Count;
    }

    static int Id(ConsumeResult<string?, string?> record) =>
        JsonDocument.Parse(record.Message.Key!).RootElement.GetProperty("id").GetInt32();

    static async Task<long> SentAsync(Stage stage, string topic) =>
        (await stage.StatusAsync()).GetProperty("sent").TryGetProperty(topic, out var count) ? count.GetInt64() : 0;

    static async Task<ulong> ConfirmedAsync(Stage stage) =>
        (ulong)
            await stage.AskAsync<long>(
                $"select (confirmed_flush_lsn - '0/0')::bigint from pg_replication_slots where slot_name = '{stage.Slot}'"
            );
}
