using Betting.Local.Cluster;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.Cluster;

/// <summary>
/// One whole cluster that the tests of the collection share. With KAFKA_BOOTSTRAP and CONNECT_URL in the environment it
/// runs on that Kafka and that Debezium.
/// </summary>
public sealed class RunningCluster : IAsyncLifetime
{
    /// <summary>A bet and its command that the workers follow; the traffic's own ids are smaller.</summary>
    public const long FollowedBet = 7_000_000_000_000_000_019;

    /// <inheritdoc cref="FollowedBet"/>
    public const string FollowedSettlement = "0197a1b2-0000-7000-8000-00000000c0de";

    readonly string _folder = ServerFolder.Create();
    Local.Cluster.Cluster? _cluster;

    public Local.Cluster.Cluster Cluster => _cluster ?? throw new InvalidOperationException("not started");

    public async ValueTask InitializeAsync()
    {
        var options = new ClusterOptions
        {
            Data = _folder,
            Users = 300,
            Events = 12,
            Follow = $"{FollowedBet}, {FollowedSettlement}",
            KafkaBootstrap = Environment.GetEnvironmentVariable("KAFKA_BOOTSTRAP"),
            ConnectUrl = Environment.GetEnvironmentVariable("CONNECT_URL") is { Length: > 0 } url ? new Uri(url) : null,
        };
        _cluster = await Local.Cluster.Cluster.StartAsync(options, Console.Error.WriteLine, CancellationToken.None);
    }

    /// <summary>Publishes commands, one JSON object each, with the verb <c>Ingest publish</c>.</summary>
    public async Task PublishAsync(string to, params string[] commands)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Cluster.Logs, "published")).FullName;
        var file = Path.Combine(folder, $"{Guid.NewGuid():N}.jsonl");
        await File.WriteAllLinesAsync(file, commands, TestContext.Current.CancellationToken);
        var settings = WorkerSettings.For(WorkerSettings.Ingest, Cluster.Engines, 1, "");
        await using var publish = EngineProcess.Start(
            "Ingest publish",
            Installed.Own("workers/Ingest", "Ingest", "publish", "--to", to, file) with
            {
                Environment = settings,
            },
            file + ".log"
        );
        Assert.True(await publish.ExitedWithinAsync(TimeSpan.FromSeconds(60)), "it did not end");
        Assert.True(publish.ExitCode == 0, await File.ReadAllTextAsync(publish.LogFile, TestContext.Current.CancellationToken));
    }

    public async ValueTask DisposeAsync()
    {
        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }
        Directory.Delete(_folder, recursive: true);
    }
}

[CollectionDefinition(Name)]
public sealed class ClusterCollection : ICollectionFixture<RunningCluster>
{
    public const string Name = "cluster";
}
