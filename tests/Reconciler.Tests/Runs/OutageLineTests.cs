using System.Globalization;
using Betting.Contracts;
using Betting.Local.Engines;
using Betting.Schema;
using Betting.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;

namespace Betting.Tests.Reconciler.Runs;

/// <summary>
/// An outage of each store that the Reconciler uses: one line when it goes, one when it is back, and the same in readiness and metrics.
/// </summary>
public sealed class OutageLineTests(Servers servers)
{
    [Fact]
    public async Task PostgreSQL_stopped()
    {
        await using var postgres = new PostgresServer(OwnFolder("line-postgres"), FreePort.Take());
        await postgres.StartAsync();
        await ToldOnceAsync("PostgreSQL", "postgres", postgres, null, null, postgres.StopAsync, postgres.StartAsync);
    }

    [Fact]
    public async Task ClickHouse_killed()
    {
        await using var clickHouse = new ClickHouseServer(OwnFolder("line-clickhouse"), FreePort.Take());
        await clickHouse.StartAsync();
        await ToldOnceAsync("ClickHouse", "clickhouse", null, clickHouse, null, clickHouse.KillAsync, clickHouse.StartAsync);
    }

    [Fact]
    public async Task Kafka_down()
    {
        await using var kafka = new KafkaServer(OwnFolder("line-kafka"), FreePort.Take());
        await kafka.StartAsync();
        await ToldOnceAsync("Kafka", "kafka", null, null, kafka, kafka.DownAsync, kafka.UpAsync);
    }

    [Fact]
    public async Task Kafka_Connect_killed()
    {
        var database = await TestDatabase.CreateAsync(await servers.PostgresAsync());
        await PostgresMigrator.MigrateAsync(database, new Dictionary<string, string>(), NullLogger.Instance, CancellationToken.None);
        var kafka = await servers.KafkaAsync();
        var (prefix, port) = ($"c{Guid.NewGuid():N}", FreePort.Take().ToString(CultureInfo.InvariantCulture));
        foreach (
            var topic in (string[])
                [
                    .. new ChangeTopics(prefix).Tables,
                    new ChangeTopics(prefix).Messages,
                    new ChangeTopics(prefix).Transactions,
                    new ChangeTopics(prefix).Heartbeats,
                ]
        )
        {
            await kafka.CreateTopicAsync(topic, 1);
        }
        var launch = Installed.Own(
            "local/Capture",
            "LocalCapture",
            "--postgres",
            database,
            "--kafka",
            kafka.BootstrapServers,
            "--prefix",
            prefix,
            "--slot",
            prefix,
            "--admin-port",
            port,
            "--data",
            Path.Combine(servers.Folder, prefix)
        );
        var capture = await CaptureAsync();
        await ToldOnceAsync(
            "Kafka Connect",
            "connect",
            null,
            null,
            null,
            capture.KillAsync,
            async () =>
            {
                await capture.DisposeAsync();
                capture = await CaptureAsync();
            },
            $"--Connect:Url=http://127.0.0.1:{port}"
        );
        await capture.StopAsync(TimeSpan.FromSeconds(20));
        await capture.DisposeAsync();

        async Task<EngineProcess> CaptureAsync()
        {
            var started = EngineProcess.Start("Capture", launch, Path.Combine(servers.Folder, "logs", $"capture-{prefix}.log"));
            await started.AnnouncedAsync("CAPTURE_URL", TimeSpan.FromSeconds(60));
            return started;
        }
    }

    async Task ToldOnceAsync(
        string store,
        string condition,
        PostgresServer? postgres,
        ClickHouseServer? clickHouse,
        KafkaServer? kafka,
        Func<Task> stop,
        Func<Task> start,
        params string[] settings
    )
    {
        var database = await TestDatabase.CreateAsync(postgres ?? await servers.PostgresAsync());
        await PostgresMigrator.MigrateAsync(database, new Dictionary<string, string>(), NullLogger.Instance, CancellationToken.None);
        var rows = (clickHouse ?? await servers.ClickHouseAsync()).ConnectionString($"outage_{condition}");
        await ClickHouseMigrator.MigrateAsync(rows);
        var http = new Uri($"http://127.0.0.1:{FreePort.Take()}");
        var launch = Installed.Own(
            "workers/Reconciler",
            "Reconciler",
            ["--Reconciler:RunOnStart=false", $"--Http:Url={http.AbsoluteUri.TrimEnd('/')}", "--Logs:Format=text", .. settings]
        ) with
        {
            Environment = new Dictionary<string, string>
            {
                ["Postgres__ConnectionString"] = database,
                ["ClickHouse__ConnectionString"] = rows,
                ["Kafka__BootstrapServers"] = (kafka ?? await servers.KafkaAsync()).BootstrapServers,
            },
        };
        await using var worker = EngineProcess.Start(
            "Reconciler",
            launch,
            Path.Combine(servers.Folder, "logs", $"reconciler-without-{condition}.log")
        );
        var lines = await new OutageProof(http, worker.LogFile).RunAsync(store, condition, stop, start);

        Assert.Single(lines.Away);
        Assert.Single(lines.Back);
        Assert.Equal("", string.Join('\n', lines.Besides));
        Assert.Equal("", string.Join('\n', lines.Traces));
    }

    string OwnFolder(string name) => Directory.CreateDirectory(Path.Combine(servers.Folder, name)).FullName;
}
