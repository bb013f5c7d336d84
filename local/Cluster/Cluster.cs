using Betting.Local.Engines;
using ClickHouse.Driver;
using Npgsql;
using StackExchange.Redis;

namespace Betting.Local.Cluster;

/// <summary>The running whole: engines, change capture and workers, each a process of its own, started and ended in order.</summary>
public sealed class Cluster : IAsyncDisposable
{
    static readonly string[] Roles = ["ingest", "warmer", "reader", "replicator"];
    readonly List<WorkerProcess> _workers = [];
    ChangeCapture? _capture;

    Cluster(ClusterOptions options, DataFolder folder, EngineSet engines)
    {
        Options = options;
        Folder = folder;
        Engines = engines;
        Postgres = NpgsqlDataSource.Create(engines.Postgres.ConnectionString(EngineSet.Database));
        ClickHouse = new ClickHouseClient(engines.ClickHouse.ConnectionString(EngineSet.Database));
        Redis = ConnectionMultiplexer.Connect(engines.Redis.ConnectionString + ",abortConnect=false");
    }

    public ClusterOptions Options { get; }
    public DataFolder Folder { get; }
    public EngineSet Engines { get; }

    /// <summary>Connections for checks; the workers have their own.</summary>
    public NpgsqlDataSource Postgres { get; }
    public ClickHouseClient ClickHouse { get; }
    public IConnectionMultiplexer Redis { get; }

    public IReadOnlyList<WorkerProcess> Workers => _workers;

    public string Logs => Folder.In("logs");

    /// <summary>Starts the engines alone.</summary>
    public static async Task<Cluster> StartEnginesAsync(ClusterOptions options, Action<string> say)
    {
        var folder = new DataFolder(options.Data);
        try
        {
            if (await Leftovers.EndAsync(folder.In("logs")) is > 0 and var left)
            {
                say($"ended {left} processes that an earlier, killed run had left behind");
            }
            return new Cluster(options, folder, await EngineSet.StartAsync(folder, options, say));
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Starts everything and waits until each worker says that it is ready.</summary>
    public static async Task<Cluster> StartAsync(ClusterOptions options, Action<string> say)
    {
        var cluster = await StartEnginesAsync(options, say);
        try
        {
            var (epoch, anew) = cluster.Folder.Epoch(brokerForgets: cluster.Engines.Kafka is not null);
            await Task.WhenAll(TopicSet.CreateAsync(cluster.Engines), cluster.MigrateAsync());
            say("schemas and topics are there");
            cluster.StartWorkers(epoch);
            cluster._capture = await ChangeCapture.StartAsync(cluster.Engines, cluster.Folder, options, epoch, anew);
            say(options.ConnectUrl is null ? "change capture runs (the stand-in for Debezium)" : "Debezium runs");
            await cluster.WorkersAreReadyAsync(TimeSpan.FromSeconds(90));
            say("the workers are ready");
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public IEnumerable<(string Name, int ProcessId)> Processes() =>
        new (string, int)[]
        {
            ("PostgreSQL", Engines.Postgres.ProcessId), ("Redis", Engines.Redis.ProcessId), ("RabbitMQ", Engines.Rabbit.ProcessId),
            ("ClickHouse", Engines.ClickHouse.ProcessId), ("Kafka protocol", Engines.Kafka?.ProcessId ?? 0), ("Capture", _capture?.ProcessId ?? 0),
        }
        .Concat(_workers.Select(worker => (worker.Name, worker.ProcessId)))
        .Where(process => process.Item2 != 0);

    public async Task WorkersAreReadyAsync(TimeSpan limit)
    {
        foreach (var worker in _workers)
        {
            try
            {
                await Deadline.UntilAsync($"{worker.Name}'s readiness", limit, worker.IsReadyAsync);
            }
            catch (TimeoutException)
            {
                throw new EngineException($"{worker.Name} is not ready after {limit.TotalSeconds:F0} s: {await worker.WhyNotReadyAsync()}; its log is in {Logs}");
            }
        }
    }

    /// <summary>One reconciliation now.</summary>
    /// <returns>The command's exit code: 0 equal, 1 drift, 2 could not compare; and what it printed.</returns>
    public async Task<(int ExitCode, string Output)> ReconcileAsync()
    {
        var settings = WorkerSettings.For(WorkerSettings.Reconciler, Engines, 1);
        var log = Path.Combine(Logs, $"reconciliation-{Folder.Run}.log");
        File.Delete(log);
        await using var run = EngineProcess.Start("Reconciler run", Installed.Own("workers/Reconciler", "Reconciler", "run") with { Environment = settings }, log);
        if (!await run.ExitedWithinAsync(TimeSpan.FromMinutes(20)))
        {
            throw new EngineException(run, "did not end within 20 minutes");
        }
        var code = run.ExitCode;
        return (code, await File.ReadAllTextAsync(log));
    }

    /// <summary>Drains: workers first, then capture, then the engines, each with time to finish what it has in hand.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_workers.Select(worker => worker.DisposeAsync().AsTask()));
        if (_capture is not null)
        {
            await _capture.DisposeAsync();
        }
        await Redis.DisposeAsync();
        ClickHouse.Dispose();
        await Postgres.DisposeAsync();
        await Engines.DisposeAsync();
        Folder.Dispose();
    }

    void StartWorkers(int epoch)
    {
        foreach (var worker in WorkerSettings.Workers)
        {
            var settings = WorkerSettings.For(worker, Engines, epoch);
            for (var replica = 1; replica <= Options.ReplicasOf(worker); replica++)
            {
                _workers.Add(new WorkerProcess(worker, replica, settings, Logs));
            }
        }
    }

    async Task MigrateAsync()
    {
        var limit = TimeSpan.FromSeconds(120);
        // On this machine PostgreSQL trusts loopback; a role only has to be one that may log in.
        var roles = Roles.SelectMany(role => (string[])["--role-password", role + "=local"]);
        var postgres = Installed.Own("workers/Ingest", "Ingest", ["migrate", .. roles]) with
        {
            Environment = new Dictionary<string, string> { ["Postgres__ConnectionString"] = Engines.Postgres.ConnectionString(EngineSet.Database) },
        };
        var clickHouse = Installed.Own("workers/CdcSink", "CdcSink", "migrate") with
        {
            Environment = new Dictionary<string, string> { ["ClickHouse__ConnectionString"] = Engines.ClickHouse.ConnectionString(EngineSet.Database) },
        };
        await Task.WhenAll(
            Step.RunAsync("migrate-postgres", postgres, Logs, limit),
            Step.RunAsync("migrate-clickhouse", clickHouse, Logs, limit));
    }
}
