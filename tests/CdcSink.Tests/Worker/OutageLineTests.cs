using System.Globalization;
using Betting.Contracts;
using Betting.Local.Engines;
using Betting.Schema;
using Betting.Tests.CdcSink.Stream;
using Betting.Tests.Fixtures;
using ClickHouse.Driver;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Betting.Tests.CdcSink.Worker;

/// <summary>
/// An outage of each store that the sink uses: one line when it goes, one when it is back, and the same in readiness and metrics.
/// </summary>
public sealed class OutageLineTests(Servers servers)
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    readonly Made _made = new();

    [Fact]
    public async Task ClickHouse_killed_while_batches_come()
    {
        await using var stage = await OwnClickHouseAsync();
        await ToldOnceAsync(
            "ClickHouse",
            "clickhouse",
            stage,
            [],
            async () =>
            {
                await stage.ClickHouse!.KillAsync();
                await stage.Stream.SendAsync(Bets(2000));
            },
            stage.ClickHouse!.StartAsync
        );
    }

    [Fact]
    public async Task ClickHouse_that_stands_still_while_batches_come()
    {
        await using var stage = await OwnClickHouseAsync();
        await ToldOnceAsync(
            "ClickHouse",
            "clickhouse",
            stage,
            [],
            async () =>
            {
                stage.ClickHouse!.Pause();
                await stage.Stream.SendAsync(Bets(2000));
            },
            () =>
            {
                stage.ClickHouse!.Resume();
                return Task.CompletedTask;
            }
        );
    }

    [Fact]
    public async Task Kafka_down()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stage = new Stage(sink.ConnectionString, await KafkaStream.CreateAsync(servers, ownServer: true), null);
        await ToldOnceAsync("Kafka", "kafka", stage, [], stage.Stream.Server.DownAsync, stage.Stream.Server.UpAsync);
    }

    [Fact]
    public async Task Kafka_that_stands_still_longer_than_a_loop_may_be_silent()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stage = new Stage(sink.ConnectionString, await KafkaStream.CreateAsync(servers, ownServer: true), null);
        var paused = 0L;
        await ToldOnceAsync(
            "Kafka",
            "kafka",
            stage,
            ["--Http:LivenessLimit=00:00:10"],
            () =>
            {
                paused = TimeProvider.System.GetTimestamp();
                stage.Stream.Server.Pause();
                return Task.CompletedTask;
            },
            () =>
            {
                stage.Stream.Server.Resume();
                return Task.CompletedTask;
            },
            async worker =>
                TimeProvider.System.GetElapsedTime(paused) > TimeSpan.FromSeconds(25)
                || await worker.StatusAsync("/health/live") != System.Net.HttpStatusCode.OK
        );
    }

    [Fact]
    public async Task Kafka_Connect_stopped()
    {
        var database = await TestDatabase.CreateAsync(await servers.PostgresAsync());
        await PostgresMigrator.MigrateAsync(database, new Dictionary<string, string>(), NullLogger.Instance, CancellationToken.None);
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stage = new Stage(sink.ConnectionString, await KafkaStream.CreateAsync(servers), null);
        await stage.Stream.Server.CreateTopicAsync(new ChangeTopics(stage.Stream.Prefix).Transactions, 1);
        var port = FreePort.Take().ToString(CultureInfo.InvariantCulture);
        var launch = Installed.Own(
            "local/Capture",
            "LocalCapture",
            "--postgres",
            database,
            "--kafka",
            stage.Stream.Server.BootstrapServers,
            "--prefix",
            stage.Stream.Prefix,
            "--slot",
            stage.Stream.Prefix,
            "--admin-port",
            port,
            "--heartbeat-action-query",
            Topics.WatermarkQuery,
            "--data",
            Path.Combine(servers.Folder, "capture-" + stage.Stream.Prefix)
        );
        var capture = await CaptureAsync();

        await ToldOnceAsync(
            "Kafka Connect",
            "connect",
            stage,
            [$"--Connect:Url=http://127.0.0.1:{port}"],
            () => capture.KillAsync(),
            async () =>
            {
                await capture.DisposeAsync();
                capture = await CaptureAsync();
            }
        );
        await capture.StopAsync(TimeSpan.FromSeconds(20));
        await capture.DisposeAsync();

        async Task<EngineProcess> CaptureAsync()
        {
            var started = EngineProcess.Start(
                "Capture",
                launch,
                Path.Combine(servers.Folder, "logs", $"capture-{stage.Stream.Prefix}.log")
            );
            await started.AnnouncedAsync("CAPTURE_URL", TimeSpan.FromSeconds(60));
            return started;
        }
    }

    async Task ToldOnceAsync(
        string store,
        string condition,
        Stage stage,
        string[] settings,
        Func<Task> stop,
        Func<Task> start,
        Func<SinkProcess, Task<bool>>? untilAsync = null
    )
    {
        var (setting, address) = SinkProcess.Listening();
        await using var worker = new SinkProcess(
            stage.Stream.StartWorker(
                stage.Connection,
                [setting, "--CdcSink:LagEvery=00:00:00.500", "--CdcSink:RetryPause=00:00:01", .. settings]
            ),
            address
        );
        await stage.Stream.SendAsync([_made.Event(1), _made.User(1), .. Bets(0)]);
        await Deadline.UntilAsync("everything visible", Limit, () => stage.Stream.IsVisibleAsync(stage.Client));
        var lines = await worker.Outages.RunAsync(store, condition, stop, async () =>
        {
            if (untilAsync is not null)
            {
                await Deadline.UntilAsync("the length of the outage", Limit, () => untilAsync(worker));
                Assert.Equal(System.Net.HttpStatusCode.OK, await worker.StatusAsync("/health/live"));
            }
            await start();
        });
        await stage.Stream.SendAsync(Bets(5000));
        await Deadline.UntilAsync("everything visible", Limit, () => stage.Stream.IsVisibleAsync(stage.Client));

        Assert.Single(lines.Away);
        Assert.Single(lines.Back);
        Assert.Equal("", string.Join('\n', lines.Besides.Where(line => !IsLoss(line))));
        Assert.Equal("", string.Join('\n', lines.Traces));
    }

    // Partitions are lost when an outage of Kafka lasts longer than the session: told once, as any other loss.
    static bool IsLoss(string line) => line.Contains("StreamConsumer: Lost ", StringComparison.Ordinal);

    // Enough for several batches.
    IEnumerable<Betting.Debezium.StreamRecord> Bets(int first) =>
        Enumerable.Range(first, 1500).Select(id => _made.Bet(id, Made.Columns(), partition: id % 3));

    async Task<Stage> OwnClickHouseAsync()
    {
        var server = new ClickHouseServer(Directory.CreateTempSubdirectory("cdcsink-").FullName, FreePort.Take());
        await server.StartAsync();
        var connection = server.ConnectionString("away");
        await ClickHouseMigrator.MigrateAsync(connection);
        return new Stage(connection, await KafkaStream.CreateAsync(servers), server);
    }

    sealed record Stage(string Connection, KafkaStream Stream, ClickHouseServer? ClickHouse) : IAsyncDisposable
    {
        public ClickHouseClient Client { get; } = new(Connection);

        public async ValueTask DisposeAsync()
        {
            Client.Dispose();
            await Stream.DisposeAsync();
            if (ClickHouse is not null)
            {
                await ClickHouse.DisposeAsync();
            }
        }
    }
}
