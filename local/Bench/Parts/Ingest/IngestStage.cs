using System.Globalization;
using Betting.Brokers;
using Betting.Contracts;
using Betting.Local.Engines;
using Betting.Schema;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using RabbitMQ.Client;

namespace Betting.Local.Bench.Parts.Ingest;

/// <summary>
/// PostgreSQL and both brokers as child processes. Every measurement gets a database of its own, a copy of one that holds
/// users with money and scheduled events, and brokers without a message in them.
/// </summary>
sealed class IngestStage : IAsyncDisposable
{
    public const int Users = 20_000,
        Events = 200,
        Partitions = 4;

    /// <summary>What each wallet holds at the start; enough for every bet of the largest run on one user.</summary>
    public const long Balance = 100_000_000;

    /// <summary>A user whose wallet is empty.</summary>
    public const long PoorUser = Users + 1;

    const string Template = "seeded";
    readonly string _folder;
    readonly PostgresServer _postgres;
    readonly RabbitServer _rabbit;
    KafkaServer? _kafka;
    int _databases;

    IngestStage(string folder, bool profile)
    {
        _folder = folder;
        // Commit timestamps are what rates and latencies are read from; everything else is as on every stage of this project.
        var settings = new Dictionary<string, string> { ["track_commit_timestamp"] = "on" };
        if (profile)
        {
            settings["shared_preload_libraries"] = "pg_stat_statements";
        }
        _postgres = new PostgresServer(folder, FreePort.Take(), settings);
        _rabbit = new RabbitServer(folder, FreePort.Take());
    }

    public string Logs => Path.Combine(_folder, "logs");
    public string RabbitUri => _rabbit.Uri;
    public string KafkaBootstrap => _kafka?.BootstrapServers ?? "";

    /// <summary>The engines' process ids by name.</summary>
    public Dictionary<string, int> Processes =>
        new()
        {
            ["PostgreSQL"] = _postgres.ProcessId,
            ["RabbitMQ"] = _rabbit.ProcessId,
            ["Kafka"] = _kafka?.ProcessId ?? 0,
            ["bench"] = Environment.ProcessId,
        };

    /// <param name="folder">Everything that the engines write.</param>
    /// <param name="profile">PostgreSQL counts its statements.</param>
    public static async Task<IngestStage> SetAsync(string folder, bool profile)
    {
        var stage = new IngestStage(folder, profile);
        try
        {
            await Task.WhenAll(stage._postgres.StartAsync(), stage._rabbit.StartAsync());
            await stage.SeedAsync(profile);
            return stage;
        }
        catch
        {
            await stage.DisposeAsync();
            throw;
        }
    }

    /// <summary>A fresh copy of the seeded database; nothing of the measurement before is still being written.</summary>
    public async Task<BenchDatabase> DatabaseAsync()
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"bench{++_databases}");
        await AsAdminAsync($"CREATE DATABASE {name} TEMPLATE {Template}", "CHECKPOINT");
        return new BenchDatabase(_postgres.ConnectionString(name), () => AsAdminAsync($"DROP DATABASE {name} WITH (FORCE)"));
    }

    /// <summary>A broker without records and without committed offsets.</summary>
    /// <param name="keptBatches">Of each partition, for a stream that goes on for long: the broker's fetches walk them all.</param>
    public async Task FreshKafkaAsync(int? keptBatches = null)
    {
        if (_kafka is not null)
        {
            await _kafka.DisposeAsync();
        }
        _kafka = new KafkaServer(_folder, FreePort.Take(), keptBatches);
        await _kafka.StartAsync();
        await _kafka.CreateTopicAsync(Topics.Commands, Partitions, Topics.CommandSettings);
        await _kafka.CreateTopicAsync(Topics.DeadLetter(Topics.Commands), 1);
    }

    /// <summary>An empty queue, declared as the worker declares it.</summary>
    public async Task FreshRabbitAsync(QueueKind kind = QueueKind.Quorum)
    {
        await using var connection = await new ConnectionFactory { Uri = new Uri(RabbitUri) }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        await channel.QueueDeleteAsync(Topics.Commands);
        await channel.QueueDeleteAsync(Topics.DeadLetter(Topics.Commands));
        await CommandQueue.DeclareAsync(connection, kind, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        if (_kafka is not null)
        {
            await _kafka.DisposeAsync();
        }
        await _rabbit.DisposeAsync();
        await _postgres.DisposeAsync();
    }

    async Task SeedAsync(bool profile)
    {
        await _postgres.CreateDatabaseAsync(Template);
        await PostgresMigrator.MigrateAsync(
            _postgres.ConnectionString(Template),
            new Dictionary<string, string> { ["ingest"] = "ingest" },
            NullLogger.Instance,
            CancellationToken.None
        );
        await using (var connection = new NpgsqlConnection(_postgres.ConnectionString(Template) + ";Pooling=false"))
        {
            await connection.OpenAsync();
            await using var seed = new NpgsqlCommand(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"""
                    INSERT INTO users SELECT id, 'user ' || id, '2026-01-01Z' FROM generate_series(1, {PoorUser}) id;
                    INSERT INTO wallets SELECT id, CASE WHEN id = {PoorUser} THEN 0 ELSE {Balance} END FROM generate_series(1,
                        {PoorUser}) id;
                    INSERT INTO events SELECT id, 'event ' || id, 'football', '2026-12-01Z', 'LIVE' FROM generate_series(1, {Events}) id;
                    """
                ),
                connection
            );
            await seed.ExecuteNonQueryAsync();
            if (profile)
            {
                seed.CommandText = "CREATE EXTENSION pg_stat_statements";
                await seed.ExecuteNonQueryAsync();
            }
            seed.CommandText = "VACUUM ANALYZE";
            await seed.ExecuteNonQueryAsync();
        }
    }

    async Task AsAdminAsync(params string[] statements)
    {
        await using var connection = new NpgsqlConnection(_postgres.ConnectionString() + ";Pooling=false;Command Timeout=300");
        await connection.OpenAsync();
        foreach (var statement in statements)
        {
            await using var command = new NpgsqlCommand(statement, connection);
            await command.ExecuteNonQueryAsync();
        }
    }
}
