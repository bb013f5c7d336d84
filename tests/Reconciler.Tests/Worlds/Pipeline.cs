using Betting.Contracts;
using Betting.Local.Engines;
using Betting.Schema;
using Betting.Tests.Fixtures;
using ClickHouse.Driver;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Betting.Tests.Reconciler.Worlds;

/// <summary>The whole way from PostgreSQL to ClickHouse with the shipped sink, on a database, topics and tables of its own.</summary>
public sealed class Pipeline(Servers servers) : IAsyncLifetime
{
    readonly string _prefix = $"p{Guid.NewGuid():N}";
    EngineProcess? _capture;
    EngineProcess? _sink;
    string _kafka = "";

    /// <summary>A superuser's, for traffic.</summary>
    public NpgsqlDataSource Postgres { get; private set; } = null!;
    public ClickHouseClient ClickHouse { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        var server = await servers.PostgresAsync();
        var database = await TestDatabase.CreateAsync(server);
        // Roles belong to the whole cluster, of which other tests migrate databases at the same moment: the migration knows how to let one
        // log in.
        await PostgresMigrator.MigrateAsync(
            database,
            new Dictionary<string, string> { ["reader"] = "reader" },
            NullLogger.Instance,
            CancellationToken.None
        );
        Postgres = NpgsqlDataSource.Create(database);
        var rows = await servers.ClickHouseAsync();
        await MigratedClickHouse.CreateAsync(rows, _prefix);
        ClickHouseConnection = rows.ConnectionString(_prefix);
        ClickHouse = new ClickHouseClient(ClickHouseConnection);
        var kafka = await servers.KafkaAsync();
        _kafka = kafka.BootstrapServers;
        var topics = new ChangeTopics(_prefix);
        foreach (var table in topics.Tables)
        {
            await kafka.CreateTopicAsync(table, 3);
        }
        foreach (var topic in new[] { topics.Messages, topics.Transactions, topics.Heartbeats })
        {
            await kafka.CreateTopicAsync(topic, 1);
        }
        await CaptureAsync(database);
        StartSink();
    }

    string ClickHouseConnection { get; set; } = "";

    /// <summary>What a worker with the Reconciler's rights gets as its environment.</summary>
    public Dictionary<string, string> ReconcilerEnvironment =>
        new()
        {
            ["Postgres__ConnectionString"] = new NpgsqlConnectionStringBuilder(Postgres.ConnectionString)
            {
                Username = "reader",
            }.ConnectionString,
            ["ClickHouse__ConnectionString"] = ClickHouseConnection,
            ["Kafka__BootstrapServers"] = _kafka,
            ["Reconciler__TopicPrefix"] = _prefix,
            ["Reconciler__ConfirmFor"] = "00:00:02",
            ["Reconciler__SinkLimit"] = "00:03:00",
        };

    public void StartSink()
    {
        var launch = Installed.Own("workers/CdcSink", "CdcSink") with
        {
            Environment = new Dictionary<string, string>
            {
                ["ClickHouse__ConnectionString"] = ClickHouseConnection,
                ["Kafka__BootstrapServers"] = _kafka,
                ["Kafka__Client__fetch.wait.max.ms"] = "10",
                ["CdcSink__TopicPrefix"] = _prefix,
                ["CdcSink__Group"] = _prefix,
                ["Logs__Format"] = "text",
            },
        };
        _sink = EngineProcess.Start("CdcSink", launch, Path.Combine(servers.Folder, "logs", $"cdc-sink-{_prefix}.log"));
    }

    public Task StopSinkAsync() => _sink!.StopAsync(TimeSpan.FromSeconds(20));

    /// <summary><c>Reconciler run</c> as a process: its exit code and what it printed.</summary>
    public async Task<(int ExitCode, string Output)> ReconcileAsync(params string[] arguments)
    {
        var log = Path.Combine(servers.Folder, "logs", $"reconciler-{Guid.NewGuid():N}.log");
        var launch = Installed.Own("workers/Reconciler", "Reconciler", ["run", .. arguments]) with { Environment = ReconcilerEnvironment };
        await using (var run = EngineProcess.Start("Reconciler", launch, log))
        {
            Assert.True(await run.ExitedWithinAsync(TimeSpan.FromMinutes(5)), "the run did not end");
            return (run.ExitCode, await File.ReadAllTextAsync(log));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in new[] { _sink, _capture }.OfType<EngineProcess>())
        {
            await process.StopAsync(TimeSpan.FromSeconds(10));
            await process.DisposeAsync();
        }
        ClickHouse?.Dispose();
        if (Postgres is not null)
        {
            await Postgres.DisposeAsync();
        }
    }

    async Task CaptureAsync(string database)
    {
        var launch = Installed.Own(
            "local/Capture",
            "LocalCapture",
            "--postgres",
            database,
            "--kafka",
            _kafka,
            "--prefix",
            _prefix,
            "--slot",
            _prefix,
            "--data",
            Path.Combine(servers.Folder, "capture-" + _prefix)
        );
        _capture = EngineProcess.Start("Capture", launch, Path.Combine(servers.Folder, "logs", $"capture-{_prefix}.log"));
        await _capture.AnnouncedAsync("CAPTURE_URL", TimeSpan.FromSeconds(60));
    }
}
