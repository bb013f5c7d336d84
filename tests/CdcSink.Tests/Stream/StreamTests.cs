using System.Text;
using Betting.Debezium;
using Betting.Local.Engines;
using Betting.Tests.CdcSink.Recorded;
using Betting.Tests.Fixtures;
using Confluent.Kafka;
using Xunit;

namespace Betting.Tests.CdcSink.Stream;

/// <summary>The worker as a process of its own, between the Kafka protocol and the real engine.</summary>
public sealed class StreamTests(Servers servers)
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task Replicas_that_come_go_and_are_killed_end_equal_to_the_source_and_a_bad_record_goes_alone()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        var recording = Recordings.File("churn-3.6");
        var records = Archive.Read(recording).ToList();
        await using var first = stream.StartWorker(sink.ConnectionString);
        await stream.SendAsync(records[..2000]);
        await stream.SendAsync([
            new StreamRecord(
                stream.Bets,
                0,
                0,
                0,
                "{\"id\":1}"u8.ToArray(),
                "{\"no\":"u8.ToArray(),
                [new RecordHeader("kept", "yes"u8.ToArray())]
            ),
        ]);
        await using var second = stream.StartWorker(sink.ConnectionString);
        await stream.SendAsync(records[2000..4000]);
        await Deadline.UntilAsync("first rows", Limit, async () => (await sink.QueryAsync("SELECT count() FROM bet_changes"))[0] != "0");
        await first.KillAsync();
        await stream.SendAsync(records[4000..]);
        await using var third = stream.StartWorker(
            sink.ConnectionString,
            "--CdcSink:LagEvery=00:00:00.100",
            "--CdcSink:WatermarkSettle=00:00:00"
        );
        await Deadline.UntilAsync("everything visible", Limit, () => stream.IsVisibleAsync(sink));
        await Expected.AssertEqualsAsync(sink.Client, recording);
        var letter = stream.DeadLetters(stream.Bets).First();
        Assert.Equal("{\"no\":", Encoding.UTF8.GetString(letter.Message.Value));
        Assert.Equal("yes", Header(letter, "kept"));
        Assert.Equal(RejectReason.MalformedJson, Header(letter, "dead-letter.reason"));
        Assert.Equal(stream.Bets, Header(letter, "dead-letter.topic"));
        Assert.Equal("2", (await sink.QueryAsync("SELECT count() FROM fences FINAL"))[0]);
        // Its heartbeats claim all times of the recording; none of them is a position in the log.
        Assert.Equal(["NULL"], await AsOfAsync(sink));
        await stream.SendAsync([new Made().Watermark("2031-05-06T09:08:08+02:00", lsn: 1UL << 40)]);
        await Deadline.UntilAsync("the watermark", Limit, async () => (await AsOfAsync(sink))[0] == "2031-05-06 07:08:07.000000");
    }

    [Fact]
    public async Task Heartbeats_that_overtake_changes_claim_nothing_and_a_watermark_that_overtakes_them_waits_for_what_the_topics_have()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        var records = Archive.Read(Recordings.File("killed-3.6")).ToList();
        var isHeartbeat = records.ToLookup(record => record.Topic.StartsWith("__debezium-heartbeat", StringComparison.Ordinal));
        var changes = isHeartbeat[false].ToList();
        await stream.SendAsync([
            .. isHeartbeat[true],
            new Made().Watermark("2031-05-06T09:08:08+00:00", lsn: 1UL << 40),
            .. changes[..(changes.Count / 2)],
        ]);
        await using (stream.StartWorker(sink.ConnectionString, "--CdcSink:LagEvery=00:00:00.100", "--CdcSink:WatermarkSettle=00:00:00"))
        {
            await Deadline.UntilAsync("the watermark", Limit, async () => (await AsOfAsync(sink))[0] != "NULL");
            Assert.True(await stream.IsVisibleAsync(sink));
        }
        await stream.SendAsync(changes[(changes.Count / 2)..]);
        Assert.Equal(["2031-05-06 09:08:07.000000"], await AsOfAsync(sink));
    }

    [Fact]
    public async Task ClickHouse_killed_in_the_middle_costs_nothing_but_time()
    {
        var folder = Directory.CreateTempSubdirectory("cdcsink-").FullName;
        await using var server = new ClickHouseServer(folder, FreePort.Take());
        await server.StartAsync();
        var connection = server.ConnectionString("killed");
        await Schema.ClickHouseMigrator.MigrateAsync(connection);
        await using var stream = await KafkaStream.CreateAsync(servers);
        var recording = Recordings.File("killed-3.6");
        var records = Archive.Read(recording).ToList();
        await using var worker = stream.StartWorker(connection);
        using var client = new global::ClickHouse.Driver.ClickHouseClient(connection);
        await stream.SendAsync(records[..2000]);
        await Deadline.UntilAsync("first rows", Limit, async () =>
            Convert.ToInt64(
                await client.ExecuteScalarAsync("SELECT count() FROM bet_changes"),
                System.Globalization.CultureInfo.InvariantCulture
            ) > 0
        );
        await server.KillAsync();
        await stream.SendAsync(records[2000..]);
        await server.StartAsync();
        await Deadline.UntilAsync("everything visible", Limit, () => stream.IsVisibleAsync(client));
        await Expected.AssertEqualsAsync(client, recording);
        await worker.StopAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(0, worker.ExitCode);
    }

    static Task<List<string>> AsOfAsync(SinkUnderTest sink) =>
        sink.QueryAsync("SELECT ifNull(toString(data_as_of), 'NULL') FROM data_as_of");

    static string Header(ConsumeResult<byte[], byte[]> letter, string name) =>
        Encoding.UTF8.GetString(letter.Message.Headers.GetLastBytes(name));
}
