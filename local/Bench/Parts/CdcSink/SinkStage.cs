using System.Globalization;
using Betting.Contracts;
using Betting.Local.Engines;
using Betting.Schema;
using ClickHouse.Driver;

namespace Betting.Local.Bench.Parts.CdcSink;

/// <summary>The ClickHouse engine and a broker as child processes. Every measurement gets a database and a broker of its own.</summary>
sealed class SinkStage : IAsyncDisposable
{
    public const int Users = 100_000,
        Events = 2_000,
        Partitions = 4;

    readonly string _folder;
    readonly ClickHouseServer _clickHouse;
    KafkaServer? _kafka;
    int _databases;

    SinkStage(string folder)
    {
        _folder = folder;
        _clickHouse = new ClickHouseServer(folder, FreePort.Take(), memoryLimit: 0);
    }

    public string Logs => Path.Combine(_folder, "logs");
    public string KafkaBootstrap => _kafka?.BootstrapServers ?? "";

    /// <summary>The engines' process ids by name.</summary>
    public Dictionary<string, int> Processes =>
        new()
        {
            ["ClickHouse"] = _clickHouse.ProcessId,
            ["Kafka"] = _kafka?.ProcessId ?? 0,
            ["bench"] = Environment.ProcessId,
        };

    public static async Task<SinkStage> SetAsync(string folder)
    {
        var stage = new SinkStage(folder);
        try
        {
            await stage._clickHouse.StartAsync();
            return stage;
        }
        catch
        {
            await stage.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// An empty database with the worker's schema. Afterwards it is detached: it does nothing any more, but its files stay until all
    /// is measured. ext4 does not use the number of a file again for minutes after it was deleted, and every file made meanwhile
    /// searches among thousands of those, which was 6.6% of both cores.
    /// </summary>
    public async Task<SinkDatabase> DatabaseAsync()
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"bench{++_databases}");
        var connection = _clickHouse.ConnectionString(name);
        await ClickHouseMigrator.MigrateAsync(connection);
        return new SinkDatabase(name, connection, async () =>
        {
            using var client = new ClickHouseClient(_clickHouse.ConnectionString());
            await client.ExecuteNonQueryAsync($"DETACH DATABASE {name}");
        });
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
        var topics = new ChangeTopics(ChangeTopics.DefaultPrefix);
        foreach (var topic in topics.Tables)
        {
            await _kafka.CreateTopicAsync(topic, Partitions);
            await _kafka.CreateTopicAsync(Topics.DeadLetter(topic), 1);
        }
        await _kafka.CreateTopicAsync(topics.Messages, 1);
        await _kafka.CreateTopicAsync(topics.Heartbeats, 1);
    }

    public async ValueTask DisposeAsync()
    {
        if (_kafka is not null)
        {
            await _kafka.DisposeAsync();
        }
        await _clickHouse.DisposeAsync();
    }
}
