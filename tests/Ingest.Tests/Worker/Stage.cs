using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Store;
using Npgsql;

namespace Betting.Tests.Ingest.Worker;

/// <summary>
/// A migrated database, RabbitMQ with empty queues, a Kafka broker of its own: all that a worker needs. RabbitMQ and its queues are shared,
/// so the tests that use it run one after the other.
/// </summary>
sealed class Stage : IAsyncDisposable
{
    readonly List<IngestProcess> _workers = [];

    readonly Rabbit? _rabbit;

    Stage(string folder, string postgres, RabbitHost? rabbitHost, Rabbit? rabbit, Kafka kafka)
    {
        Folder = folder;
        _rabbit = rabbit;
        Kafka = kafka;
        Postgres = NpgsqlDataSource.Create(postgres);
        Settings =
        [
            $"--Postgres:ConnectionString={new NpgsqlConnectionStringBuilder(postgres) { Username = "ingest" }}",
            rabbitHost is null ? "--Ingest:Doors=kafka" : $"--RabbitMq:Uri={rabbitHost.Uri}",
            "--Ingest:MaxIssuedAhead=365.00:00:00",
            .. kafka.Settings,
        ];
    }

    public string Folder { get; }
    public string[] Settings { get; }
    public Rabbit Rabbit => _rabbit ?? throw new InvalidOperationException("this stage has Kafka alone");
    public Kafka Kafka { get; }
    public NpgsqlDataSource Postgres { get; }

    /// <param name="servers">The shared engines.</param>
    /// <param name="postgres">A server of the test's own, where it stops it.</param>
    /// <param name="rabbit">Likewise.</param>
    /// <param name="partitions">Of the topic of commands.</param>
    public static async Task<Stage> SetAsync(
        Servers servers,
        PostgresServer? postgres = null,
        RabbitServer? rabbit = null,
        int partitions = 1
    )
    {
        var database = await MigratedAsync(postgres ?? await servers.PostgresAsync());
        var host = rabbit?.Root ?? await servers.RabbitAsync();
        return new Stage(servers.Folder, database, host, await Rabbit.OpenAsync(host), await Kafka.StartAsync(servers.Folder, partitions));
    }

    /// <summary>Without RabbitMQ.</summary>
    public static async Task<Stage> SetKafkaAsync(Servers servers, int partitions = 1, PostgresServer? postgres = null) =>
        new(
            servers.Folder,
            await MigratedAsync(postgres ?? await servers.PostgresAsync()),
            null,
            null,
            await Kafka.StartAsync(servers.Folder, partitions)
        );

    public IngestProcess Start(params string[] settings)
    {
        var worker = IngestProcess.Start(Folder, [.. Settings, .. settings]);
        _workers.Add(worker);
        return worker;
    }

    /// <summary>Runs <c>Ingest dead-letters</c> over both brokers and the table.</summary>
    public Task<(int ExitCode, string Output)> LettersAsync(params string[] arguments) =>
        IngestProcess.RunAsync(Folder, ["dead-letters", .. arguments, .. Settings[..2], .. Kafka.Settings]);

    /// <summary>Waits until every one of the commands has its outcome.</summary>
    public Task AppliedAsync(IEnumerable<BetCommand> commands)
    {
        var ids = commands.Select(command => command.Id).Distinct().ToArray();
        return Deadline.UntilAsync($"outcomes of {ids.Length} commands", TimeSpan.FromSeconds(180), async () =>
        {
            await using var count = Postgres.CreateCommand("SELECT count(*) FROM commands WHERE command_id = ANY($1)");
            count.Parameters.AddWithValue(ids);
            return (long)(await count.ExecuteScalarAsync())! == ids.Length;
        });
    }

    /// <summary>Waits until so many commands have an outcome, or more.</summary>
    public Task SomeAppliedAsync(long commands) =>
        Deadline.UntilAsync($"outcomes of {commands} commands", TimeSpan.FromSeconds(60), async () =>
            await CountAsync("SELECT count(*) FROM commands") >= commands
        );

    public async Task<long> CountAsync(string sql)
    {
        await using var count = Postgres.CreateCommand(sql);
        return (long)(await count.ExecuteScalarAsync())!;
    }

    public async Task ExecuteAsync(string statements)
    {
        await using var command = Postgres.CreateCommand(statements);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Waits until PostgreSQL has this place of one partition.</summary>
    public Task PlaceAsync(long next) =>
        Deadline.UntilAsync($"the place {next}", TimeSpan.FromMinutes(4), async () =>
            await CountAsync($"SELECT count(*) FROM kafka_places WHERE topic = '{Topics.Commands}' AND next_offset = {next}") == 1
        );

    public static byte[][] Encoded(IEnumerable<BetCommand> commands) => [.. commands.Select(CommandEncoder.Encode)];

    public async ValueTask DisposeAsync()
    {
        foreach (var worker in _workers)
        {
            await worker.DisposeAsync();
        }
        await Kafka.DisposeAsync();
        if (_rabbit is not null)
        {
            await _rabbit.DisposeAsync();
        }
        await Postgres.DisposeAsync();
    }

    static async Task<string> MigratedAsync(PostgresServer server)
    {
        await using var database = await Database.CreateAsync(server);
        return database.ConnectionString;
    }
}
