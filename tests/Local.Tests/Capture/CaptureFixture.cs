using Betting.Local.Engines;
using Betting.Tests.Fixtures;

[assembly: Xunit.AssemblyFixture(typeof(Betting.Tests.Local.Capture.CaptureFixture))]

namespace Betting.Tests.Local.Capture;

/// <summary>One PostgreSQL and one broker for all capture tests; each test has its own database, slot and topics in them.</summary>
public sealed class CaptureFixture : IAsyncDisposable
{
    readonly Servers _servers = new();
    int _count;

    /// <summary>A stage for one test: an empty database and topics of its own.</summary>
    /// <param name="partitions">Of each topic of changes.</param>
    /// <param name="own">A broker that the test may do harm to; otherwise the shared one.</param>
    public async Task<Stage> StageAsync(int partitions = 1, KafkaServer? own = null)
    {
        var kafka = own ?? await _servers.KafkaAsync();
        string connection = await TestDatabase.CreateAsync(await _servers.PostgresAsync());
        var stage = new Stage($"t{Interlocked.Increment(ref _count)}", connection, kafka.BootstrapServers, kafka.Admin, _servers.Folder);
        foreach (string topic in stage.ChangeTopics) await kafka.CreateTopicAsync(topic, partitions);
        foreach (string topic in stage.OtherTopics) await kafka.CreateTopicAsync(topic, 1);
        return stage;
    }

    /// <summary>A broker for one test alone.</summary>
    public async Task<KafkaServer> OwnBrokerAsync()
    {
        var broker = new KafkaServer(_servers.Folder, FreePort.Take());
        await broker.StartAsync();
        return broker;
    }

    public ValueTask DisposeAsync() => _servers.DisposeAsync();
}
