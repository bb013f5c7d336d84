using System.Diagnostics.Metrics;
using Betting.Brokers;
using Betting.CdcSink;
using Betting.CdcSink.KafkaTopics;
using Betting.CdcSink.Lag;
using Betting.Connections;
using Betting.Contracts;
using Betting.Debezium;
using Betting.Hosting;
using Betting.Local.Engines;
using Betting.Tests.CdcSink.Stream;
using Betting.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Xunit;

namespace Betting.Tests.CdcSink.Lag;

/// <summary>Looks at real topics and the real engine, while no worker reads: what a partition without an owner shows.</summary>
public sealed class LagLoopTests(Servers servers)
{
    [Fact]
    public async Task A_partition_that_nobody_reads_is_seen_and_data_as_of_does_not_go_on_without_it()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        var topics = new ChangeTopics(stream.Prefix);
        var made = new Made();
        await using var lag = await LagAsync(sink, stream);
        await ProgressAsync(sink, topics.Heartbeats, 0, next: 1);
        await lag.Loop.PollAsync(CancellationToken.None);
        Assert.Equal(double.PositiveInfinity, lag.Readings.Of("cdcsink.freshness"));
        await stream.SendAsync(Enumerable.Range(1, 10).Select(id => made.Bet(id, Made.Columns(), partition: 1)));
        await ProgressAsync(sink, topics.Bets, 1, next: 10);
        await CameAsync(sink, "2026-01-01 01:00:01", 8);

        await lag.Loop.PollAsync(CancellationToken.None);
        Assert.Equal((0, 0), (Backlog(lag, topics, "records"), Backlog(lag, topics, "age")));
        Assert.Equal(["2026-01-01 01:00:00.000000"], await AsOfAsync(sink));
        Assert.InRange(lag.Readings.Of("cdcsink.source.silent")!.Value, 0, 300);
        Assert.InRange(lag.Readings.Of("cdcsink.watermark.age")!.Value, 0, 300);

        // More records, and watermarks that came after them: nobody reads the records.
        await stream.SendAsync(Enumerable.Range(1, 5).Select(id => made.Bet(id, Made.Columns(), partition: 1)));
        await CameAsync(sink, "2026-01-01 02:00:01", 16);
        var looks = 0;
        await Deadline.UntilAsync("an age", TimeSpan.FromMinutes(1), async () =>
        {
            await lag.Loop.PollAsync(CancellationToken.None);
            return ++looks >= 3 && Backlog(lag, topics, "age") > 0;
        });
        Assert.Equal(5, Backlog(lag, topics, "records"));
        Assert.InRange(Backlog(lag, topics, "age")!.Value, 0.001, 300);
        Assert.Equal(["2026-01-01 01:00:00.000000"], await AsOfAsync(sink));

        await ProgressAsync(sink, topics.Bets, 1, next: 15);
        await lag.Loop.PollAsync(CancellationToken.None);
        Assert.Equal((0, 0), (Backlog(lag, topics, "records"), Backlog(lag, topics, "age")));
        Assert.Equal(["2026-01-01 02:00:00.000000"], await AsOfAsync(sink));
        Assert.True(lag.Readings.Of("cdcsink.parts", "table=sink_progress") > 0);
        Assert.True(lag.Readings.Of("cdcsink.parts.fullest", "table=sink_progress") > 0);
    }

    [Fact]
    public async Task Data_as_of_does_not_pass_the_end_of_a_snapshot_whose_deletions_are_not_done()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using var lag = await LagAsync(sink, stream);
        await CameAsync(sink, "2026-01-01 05:00:01", 80);
        await lag.Loop.PollAsync(CancellationToken.None);
        await MarkAsync(settled: 0);

        await CameAsync(sink, "2026-01-01 06:00:01", 160);
        await lag.Loop.PollAsync(CancellationToken.None);
        Assert.Equal(["2026-01-01 05:00:00.000000"], await AsOfAsync(sink));

        await MarkAsync(settled: 1);
        await CameAsync(sink, "2026-01-01 06:00:02", 168);
        await lag.Loop.PollAsync(CancellationToken.None);
        Assert.Equal(["2026-01-01 06:00:01.000000"], await AsOfAsync(sink));

        Task MarkAsync(int settled) =>
            sink.QueryAsync(
                $"INSERT INTO snapshot_markers (marker, version, topic, settled) VALUES ('last', "
                    + $"{ChangeVersion.Of(1, streamed: false, 120).Value}, 'betting.public.bets', {settled})"
            );
    }

    [Fact]
    public async Task The_watermark_that_is_last_in_the_log_counts_and_an_older_epoch_s_does_not_come_back()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using var lag = await LagAsync(sink, stream);
        await CameAsync(sink, "2026-01-01 05:00:01", 80);
        await lag.Loop.PollAsync(CancellationToken.None);
        // PostgreSQL's clock was set back.
        await CameAsync(sink, "2026-01-01 04:00:01", 88);
        await lag.Loop.PollAsync(CancellationToken.None);
        Assert.Equal(["2026-01-01 04:00:00.000000"], await AsOfAsync(sink));

        // A rebuilt cluster: its log begins again, its epoch is higher.
        await CameAsync(sink, "2026-01-01 06:00:01", 8, epoch: 2);
        await CameAsync(sink, "2026-01-01 05:30:01", 96);
        await lag.Loop.PollAsync(CancellationToken.None);
        Assert.Equal(["2026-01-01 06:00:00.000000"], await AsOfAsync(sink));
        await sink.Client.ExecuteNonQueryAsync("OPTIMIZE TABLE visible_watermarks FINAL");
        Assert.Equal(["2026-01-01 06:00:00.000000"], await AsOfAsync(sink));
    }

    [Fact]
    public async Task Data_as_of_stands_while_Connect_names_a_connector_of_another_epoch()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using var connect = new ConnectStub(lsn: 90_000) { Prefix = stream.Prefix, Epoch = 1 };
        await using var lag = await LagAsync(sink, stream, connect.Url);
        await CameAsync(sink, "2026-01-01 06:00:01", 8, epoch: 2);
        await CameAsync(sink, "2026-01-01 06:00:06", 16, epoch: 2);
        await lag.Loop.PollAsync(CancellationToken.None);
        Assert.Empty(await sink.QueryAsync("SELECT as_of FROM visible_watermarks"));

        connect.Epoch = 2;
        await lag.Loop.PollAsync(CancellationToken.None);
        Assert.Equal(["2026-01-01 06:00:00.000000"], await AsOfAsync(sink));

        // Settings that nobody may see say nothing against it.
        connect.Epoch = null;
        await CameAsync(sink, "2026-01-01 06:00:11", 24, epoch: 2);
        await lag.Loop.PollAsync(CancellationToken.None);
        Assert.Equal(["2026-01-01 06:00:05.000000"], await AsOfAsync(sink));
    }

    [Theory]
    [InlineData(2, "05:59:59")]
    [InlineData(1, "")]
    [InlineData(3, "")]
    // The connector's settings do not tell it.
    [InlineData(null, "05:59:59")]
    public async Task A_position_proves_watermarks_of_its_own_epoch_alone(int? epoch, string expected)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await CameAsync(sink, "2026-01-01 05:00:00", 80_000);
        await CameAsync(sink, "2026-01-01 06:00:00", 8, epoch: 2);
        await CameAsync(sink, "2026-01-01 06:00:05", 16, epoch: 2);

        var came = await sink.Visible.WatermarkAsync(90_000, epoch, CancellationToken.None);

        Assert.Equal((expected, 2), ($"{came.Newest?.AsOf:HH:mm:ss}", came.Epoch));
    }

    [Fact]
    public async Task A_topic_of_rows_that_is_gone_is_not_covered_and_one_that_has_not_come_yet_is_not_waited_for()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        var topics = new ChangeTopics(stream.Prefix);
        await using var lag = await LagAsync(sink, stream);
        await stream.DeleteAsync(topics.Users);
        await ProgressAsync(sink, topics.Events, 0, next: 0);
        await CameAsync(sink, "2026-01-01 05:00:01", 80);
        await lag.Loop.PollAsync(CancellationToken.None);
        Assert.Equal(["2026-01-01 05:00:00.000000"], await AsOfAsync(sink));
        Assert.Equal(0, lag.Readings.Of("cdcsink.partitions.missing"));

        await ProgressAsync(sink, topics.Users, 0, next: 0);
        await CameAsync(sink, "2026-01-01 06:00:01", 160);
        await lag.Loop.PollAsync(CancellationToken.None);
        Assert.Equal(["2026-01-01 05:00:00.000000"], await AsOfAsync(sink));
        Assert.Equal(1, lag.Readings.Of("cdcsink.partitions.missing"));

        await stream.MakeAnewAsync(topics.Users);
        await lag.Loop.PollAsync(CancellationToken.None);
        Assert.Equal(["2026-01-01 06:00:00.000000"], await AsOfAsync(sink));
        Assert.Equal(0, lag.Readings.Of("cdcsink.partitions.missing"));
    }

    [Fact]
    public async Task A_topic_with_fewer_partitions_than_before_is_not_covered()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using var lag = await LagAsync(sink, stream);
        await ProgressAsync(sink, stream.Bets, 3, next: 0);
        await CameAsync(sink, "2026-01-01 05:00:01", 80);
        await lag.Loop.PollAsync(CancellationToken.None);
        Assert.Equal(["NULL"], await sink.QueryAsync("SELECT ifNull(toString(data_as_of), 'NULL') FROM data_as_of"));
        Assert.Equal(1, lag.Readings.Of("cdcsink.partitions.missing"));
    }

    [Fact]
    public async Task While_a_request_holds_data_as_of_freshness_grows_from_there_and_the_newest_watermark_counts_when_it_ends()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using var lag = await LagAsync(sink, stream);
        await CameAsync(sink, "2026-01-01 05:00:01", 80);
        await lag.Loop.PollAsync(CancellationToken.None);
        Assert.Equal(0, lag.Readings.Of("cdcsink.holds"));
        await sink.QueryAsync(
            "INSERT INTO reconciliation_requests (id, reason, holds_from) VALUES ('a', 'a test', '2026-01-01 "
                + "05:00:00'), ('b', 'a test', '2026-01-01 05:30:00')"
        );

        var now = TimeProvider.System.GetUtcNow();
        await CameAsync(sink, $"{now:yyyy-MM-dd HH:mm:ss}", 160);
        await lag.Loop.PollAsync(CancellationToken.None);
        await lag.Loop.PollAsync(CancellationToken.None);
        Assert.Equal(
            [$"{now.AddSeconds(-1):yyyy-MM-dd HH:mm:ss}.000000"],
            await sink.QueryAsync("SELECT toString(as_of) FROM visible_watermarks FINAL")
        );
        Assert.Equal(["2026-01-01 05:00:00.000000"], await AsOfAsync(sink));
        Assert.Equal(2, lag.Readings.Of("cdcsink.holds"));
        Assert.True(lag.Readings.Of("cdcsink.freshness") > 3600);

        await sink.QueryAsync("INSERT INTO reconciliation_requests SELECT id, reason, asked_at, 2, 7, holds_from FROM holds");
        await lag.Loop.PollAsync(CancellationToken.None);
        Assert.Equal([$"{now.AddSeconds(-1):yyyy-MM-dd HH:mm:ss}.000000"], await AsOfAsync(sink));
        Assert.Equal(0, lag.Readings.Of("cdcsink.holds"));
        Assert.InRange(lag.Readings.Of("cdcsink.freshness")!.Value, 0, 600);
    }

    static Task<List<string>> AsOfAsync(SinkUnderTest sink) => sink.QueryAsync("SELECT toString(data_as_of) FROM data_as_of");

    static double? Backlog(Looking lag, ChangeTopics topics, string of) =>
        lag.Readings.Of("cdcsink.backlog." + of, $"topic={topics.Bets},partition=1");

    static Task<int> ProgressAsync(SinkUnderTest sink, string topic, int partition, long next) =>
        sink.Client.ExecuteNonQueryAsync(
            $"INSERT INTO sink_progress (topic, partition, next_offset, end_offset, version, recorded_at) VALUES ('{topic}', {partition}, "
                + $"{next}, {next}, 1, now64(6))"
        );

    static Task<int> CameAsync(SinkUnderTest sink, string at, ulong lsn, int epoch = 1) =>
        sink.Client.ExecuteNonQueryAsync(
            $"INSERT INTO watermarks (at, version) VALUES ('{at}', {ChangeVersion.Of(epoch, streamed: true, lsn).Value})"
        );

    async Task<Looking> LagAsync(SinkUnderTest sink, KafkaStream stream, Uri? connectUrl = null)
    {
        var kafka = Options.Create(new KafkaOptions { BootstrapServers = (await servers.KafkaAsync()).BootstrapServers });
        var options = new CdcSinkOptions { TopicPrefix = stream.Prefix, WatermarkSettle = TimeSpan.Zero };
        var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var meters = services.GetRequiredService<IMeterFactory>();
        var state = new LagState(TimeProvider.System, sink.Stores, options.LagLimit);
        var readings = new Readings(meters);
        var ends = new TopicEnds(kafka, options, TimeProvider.System);
        var connect = new ConnectOffsets(new ConnectOptions { Url = connectUrl }, stream.Prefix);
        var readiness = new Readiness();
        var outages = new Outages(new StoreFailures([]), readiness, meters, TimeProvider.System, NullLogger<Outages>.Instance);
        var trouble = new LagTrouble(outages, sink.Outage(readiness), TimeProvider.System, NullLogger<LagTrouble>.Instance);
        var loop = new LagLoop(
            state,
            new LagMetrics(meters, state),
            ends,
            sink.Visible,
            connect,
            options,
            trouble,
            new ProofReport(TimeProvider.System, NullLogger<ProofReport>.Instance),
            new Heartbeats(TimeProvider.System),
            TimeProvider.System
        );
        return new Looking(loop, readings, ends, connect, services);
    }

    sealed record Looking(LagLoop Loop, Readings Readings, TopicEnds Ends, ConnectOffsets Connect, ServiceProvider Services)
        : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            Readings.Dispose();
            Ends.Dispose();
            Connect.Dispose();
            return Services.DisposeAsync();
        }
    }
}
