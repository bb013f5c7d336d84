using Betting.Local.Engines;

namespace Betting.Local.Cluster;

/// <summary>PostgreSQL, Redis, RabbitMQ, ClickHouse and a Kafka, each on a free port, started side by side.</summary>
public sealed class EngineSet : IAsyncDisposable
{
    public const string Database = "betting";

    EngineSet(DataFolder folder, ClusterOptions options)
    {
        Postgres = new PostgresServer(folder.Path, FreePort.Take());
        Redis = new RedisServer(folder.Path, FreePort.Take());
        Rabbit = new RabbitServer(folder.Path, FreePort.Take());
        ClickHouse = new ClickHouseServer(folder.Path, FreePort.Take());
        Kafka = options.KafkaBootstrap is null ? new KafkaServer(folder.Path, FreePort.Take()) : null;
        GivenBootstrap = options.KafkaBootstrap;
        CapturePort = FreePort.Take();
        ConnectUrl = options.ConnectUrl ?? new Uri($"http://127.0.0.1:{CapturePort}");
    }

    public PostgresServer Postgres { get; }
    public RedisServer Redis { get; }
    public RabbitServer Rabbit { get; }
    public ClickHouseServer ClickHouse { get; }

    /// <summary>The local broker; null where one was given.</summary>
    public KafkaServer? Kafka { get; }

    /// <summary>Where the stand-in for the connector listens.</summary>
    public int CapturePort { get; }

    /// <summary>Where the connector's stored position is asked for: Kafka Connect, or the stand-in.</summary>
    public Uri ConnectUrl { get; }

    string? GivenBootstrap { get; }

    public string KafkaBootstrap => GivenBootstrap ?? Kafka!.BootstrapServers;

    /// <summary>The addresses as <c>NAME=value</c>, for scripts.</summary>
    public IReadOnlyDictionary<string, string> Addresses =>
        new Dictionary<string, string>
        {
            ["POSTGRES"] = Postgres.ConnectionString(Database),
            ["REDIS"] = Redis.ConnectionString,
            ["RABBITMQ"] = Rabbit.Uri,
            ["CLICKHOUSE"] = ClickHouse.ConnectionString(Database),
            ["KAFKA_BOOTSTRAP"] = KafkaBootstrap,
        };

    public static async Task<EngineSet> StartAsync(DataFolder folder, ClusterOptions options, Action<string> say)
    {
        var engines = new EngineSet(folder, options);
        try
        {
            await Task.WhenAll(
                Started("PostgreSQL", engines.StartPostgresAsync, say),
                Started("Redis", engines.Redis.StartAsync, say),
                Started("RabbitMQ", engines.Rabbit.StartAsync, say),
                Started("ClickHouse", engines.ClickHouse.StartAsync, say),
                engines.Kafka is { } kafka ? Started("Kafka protocol (in memory)", kafka.StartAsync, say) : Task.CompletedTask
            );
            return engines;
        }
        catch
        {
            await engines.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(
            Redis.DisposeAsync().AsTask(),
            Rabbit.DisposeAsync().AsTask(),
            ClickHouse.DisposeAsync().AsTask(),
            Kafka?.DisposeAsync().AsTask() ?? Task.CompletedTask,
            Postgres.DisposeAsync().AsTask()
        );
    }

    async Task StartPostgresAsync()
    {
        await Postgres.StartAsync();
        await Postgres.CreateDatabaseAsync(Database);
    }

    static async Task Started(string name, Func<Task> start, Action<string> say)
    {
        var began = TimeProvider.System.GetTimestamp();
        await start();
        say($"{name} is up ({TimeProvider.System.GetElapsedTime(began).TotalSeconds:F1} s)");
    }
}
