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
    readonly EngineSupervisor _supervisor;
    ChangeCapture? _capture;

    Cluster(ClusterOptions options, DataFolder folder, EngineSet engines, Action<string> say)
    {
        Options = options;
        Folder = folder;
        Engines = engines;
        Postgres = NpgsqlDataSource.Create(engines.Postgres.ConnectionString(EngineSet.Database));
        ClickHouse = new ClickHouseClient(engines.ClickHouse.ConnectionString(EngineSet.Database));
        Redis = ConnectionMultiplexer.Connect(engines.Redis.ConnectionString + ",abortConnect=false");
        _supervisor = new EngineSupervisor(engines, say);
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

    /// <summary>Ends, with the reason, when the cluster cannot go on without losing something.</summary>
    public Task<string> Lost => _supervisor.Lost;

    /// <summary>Starts the engines alone.</summary>
    /// <exception cref="OperationCanceledException">It was interrupted: everything that had started is stopped.</exception>
    public static async Task<Cluster> StartEnginesAsync(ClusterOptions options, Action<string> say, CancellationToken cancellation)
    {
        using var heard = Heard(say, cancellation);
        var folder = new DataFolder(options.Data);
        try
        {
            if (await Leftovers.EndAsync(folder.In("logs")) is > 0 and var left)
            {
                say($"ended {left} processes that an earlier, killed run had left behind");
            }
            var engines = await EngineSet.StartAsync(folder, options, say);
            if (cancellation.IsCancellationRequested)
            {
                await engines.DisposeAsync();
                cancellation.ThrowIfCancellationRequested();
            }
            return new Cluster(options, folder, engines, say);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Starts everything and waits until each worker says that it is ready.</summary>
    /// <exception cref="OperationCanceledException">It was interrupted: everything that had started is stopped.</exception>
    public static async Task<Cluster> StartAsync(ClusterOptions options, Action<string> say, CancellationToken cancellation)
    {
        var cluster = await StartEnginesAsync(options, say, cancellation);
        using var heard = Heard(say, cancellation);
        try
        {
            var (epoch, anew) = cluster.Folder.Epoch(brokerForgets: cluster.Engines.Kafka is not null);
            await Task.WhenAll(TopicSet.CreateAsync(cluster.Engines), cluster.MigrateAsync());
            say("schemas and topics are there");
            cancellation.ThrowIfCancellationRequested();
            cluster.StartWorkers(epoch, say);
            cluster._capture = await ChangeCapture.StartAsync(cluster.Engines, cluster.Folder, options, epoch, anew, say);
            say(options.ConnectUrl is null ? "change capture runs (the stand-in for Debezium)" : "Debezium runs");
            await cluster.WorkersAreReadyAsync(TimeSpan.FromSeconds(90), cancellation);
            say("the workers are ready");
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Every process of the cluster and where it is reached, as people need it to look at one.</summary>
    public IEnumerable<ClusterMember> Members() =>
        new ClusterMember[]
        {
            new("PostgreSQL", Engines.Postgres.ProcessId, Engines.Addresses["POSTGRES"]),
            new("Redis", Engines.Redis.ProcessId, Engines.Addresses["REDIS"]),
            new("RabbitMQ", Engines.Rabbit.ProcessId, Engines.Addresses["RABBITMQ"]),
            new("ClickHouse", Engines.ClickHouse.ProcessId, Engines.Addresses["CLICKHOUSE"]),
            new("Kafka protocol", Engines.Kafka?.ProcessId ?? 0, Engines.KafkaBootstrap),
            new("Capture", _capture?.ProcessId ?? 0, _capture?.Address ?? ""),
        }
            .Concat(_workers.Select(worker => new ClusterMember(worker.Name, worker.ProcessId, worker.Url.ToString().TrimEnd('/'))))
            .Where(member => member.ProcessId != 0);

    public async Task WorkersAreReadyAsync(TimeSpan limit, CancellationToken cancellation = default)
    {
        foreach (var worker in _workers)
        {
            try
            {
                await Deadline.UntilAsync($"{worker.Name}'s readiness", limit, worker.IsReadyAsync, cancellation);
            }
            catch (TimeoutException)
            {
                throw new EngineException(
                    $"{worker.Name} is not ready after {limit.TotalSeconds:F0} s: {await worker.WhyNotReadyAsync()}; its log is in {Logs}"
                );
            }
        }
    }

    /// <summary>One reconciliation now.</summary>
    /// <returns>The command's exit code: 0 equal, 1 drift, 2 could not compare; and what it printed.</returns>
    public async Task<(int ExitCode, string Output)> ReconcileAsync()
    {
        var settings = WorkerSettings.For(WorkerSettings.Reconciler, Engines, 1, Options.Follow);
        var log = Path.Combine(Logs, $"reconciliation-{Folder.Run}.log");
        File.Delete(log);
        await using var run = EngineProcess.Start(
            "Reconciler run",
            Installed.Own("workers/Reconciler", "Reconciler", "run") with
            {
                Environment = settings,
            },
            log
        );
        if (!await run.ExitedWithinAsync(TimeSpan.FromMinutes(20)))
        {
            throw new EngineException(run, "did not end within 20 minutes");
        }
        var code = run.ExitCode;
        return (code, await File.ReadAllTextAsync(log));
    }

    /// <summary>kill -9 of the stand-in for Debezium, which is then started again; nothing happens where Debezium runs.</summary>
    public void KillCapture() => _capture?.Kill();

    /// <summary>Drains: workers first, then capture, then the engines, each with time to finish what it has in hand.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_workers.Select(worker => worker.DisposeAsync().AsTask()));
        if (_capture is not null)
        {
            await _capture.DisposeAsync();
        }
        await _supervisor.DisposeAsync();
        await Redis.DisposeAsync();
        ClickHouse.Dispose();
        await Postgres.DisposeAsync();
        await Engines.DisposeAsync();
        Folder.Dispose();
    }

    static CancellationTokenRegistration Heard(Action<string> say, CancellationToken cancellation) =>
        cancellation.Register(() => say("interrupted: the start ends with the step in hand …"));

    void StartWorkers(int epoch, Action<string> say)
    {
        foreach (var worker in WorkerSettings.Workers)
        {
            var settings = WorkerSettings.For(worker, Engines, epoch, Options.Follow);
            for (var replica = 1; replica <= Options.ReplicasOf(worker); replica++)
            {
                _workers.Add(new WorkerProcess(worker, replica, settings, Logs, say));
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
            Environment = new Dictionary<string, string>
            {
                ["Postgres__ConnectionString"] = Engines.Postgres.ConnectionString(EngineSet.Database),
            },
        };
        var clickHouse = Installed.Own("workers/CdcSink", "CdcSink", "migrate") with
        {
            Environment = new Dictionary<string, string>
            {
                ["ClickHouse__ConnectionString"] = Engines.ClickHouse.ConnectionString(EngineSet.Database),
            },
        };
        await Task.WhenAll(
            Step.RunAsync("migrate-postgres", postgres, Logs, limit),
            Step.RunAsync("migrate-clickhouse", clickHouse, Logs, limit)
        );
    }
}
