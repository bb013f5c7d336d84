using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

[assembly: Xunit.AssemblyFixture(typeof(Betting.Tests.Local.Capture.CaptureFixture))]

namespace Betting.Tests.Local.Capture;

/// <summary>
/// One PostgreSQL and one broker for all capture tests; each test has its own database, slot and topics in them. The broker is the
/// one that <c>KAFKA_BOOTSTRAP</c> names where it is set, so the same tests run against a real Kafka.
/// </summary>
public sealed class CaptureFixture : IAsyncDisposable
{
    static readonly string? External = Environment.GetEnvironmentVariable("KAFKA_BOOTSTRAP") is { Length: > 0 } bootstrap
        ? bootstrap
        : null;
    readonly Servers _servers = new();
    int _count;

    /// <summary>A stage for one test: an empty database and topics of its own.</summary>
    /// <param name="partitions">Of each topic of changes.</param>
    /// <param name="own">A broker that the test may do harm to; otherwise the shared one.</param>
    /// <param name="ownPostgres">A PostgreSQL that the test may do harm to; otherwise the shared one.</param>
    public async Task<Stage> StageAsync(int partitions = 1, KafkaServer? own = null, PostgresServer? ownPostgres = null)
    {
        string postgres = await TestDatabase.CreateAsync(ownPostgres ?? await _servers.PostgresAsync());
        string bootstrap = own?.BootstrapServers ?? External ?? (await _servers.KafkaAsync()).BootstrapServers;
        var stage = new Stage($"t{Environment.ProcessId}x{Interlocked.Increment(ref _count)}", postgres, bootstrap, _servers.Folder);
        var topics = stage
            .ChangeTopics.Select(topic => (Topic: topic, partitions))
            .Concat(stage.OtherTopics.Select(topic => (Topic: topic, 1)));
        if (own is null && External is not null)
            await CreateAsync(External, topics);
        else
            foreach (var (topic, count) in topics)
                await (own ?? await _servers.KafkaAsync()).CreateTopicAsync(topic, count);
        return stage;
    }

    /// <summary>A broker for one test alone.</summary>
    public async Task<KafkaServer> OwnBrokerAsync()
    {
        var broker = new KafkaServer(_servers.Folder, FreePort.Take());
        await broker.StartAsync();
        return broker;
    }

    /// <summary>A PostgreSQL for one test alone, with a folder of its own.</summary>
    public static async Task<PostgresServer> OwnPostgresAsync()
    {
        var server = new PostgresServer(ServerFolder.Create(), FreePort.Take());
        await server.StartAsync();
        return server;
    }

    public ValueTask DisposeAsync() => _servers.DisposeAsync();

    static async Task CreateAsync(string bootstrap, IEnumerable<(string Topic, int Partitions)> topics)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrap }).Build();
        await admin.CreateTopicsAsync(
            topics.Select(topic => new TopicSpecification
            {
                Name = topic.Topic,
                NumPartitions = topic.Partitions,
                ReplicationFactor = 1,
            })
        );
    }
}
