using System.Globalization;
using Betting.Contracts;
using Betting.Local.Engines;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Betting.Tests.Ingest.Worker;

/// <summary>
/// Three brokers of Apache Kafka, each of which leads one partition of the commands that nobody else has; or the stage's stand-in with three
/// partitions.
/// </summary>
sealed class ThreeBrokers : IAsyncDisposable
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    readonly Stage _stage;
    readonly string? _tools;
    readonly string _data;
    readonly string _bootstrap;
    string? _stopped;

    ThreeBrokers(Stage stage, string? tools, string data, string bootstrap) => (_stage, _tools, _data, _bootstrap) = (stage, tools, data, bootstrap);

    public bool IsReal => _tools is not null;

    /// <summary>The worker's settings for the Kafka door alone.</summary>
    public string[] Settings => IsReal
        ? ["--Ingest:Doors=kafka", $"--Kafka:BootstrapServers={_bootstrap}", "--Kafka:Client:session.timeout.ms=6000"] : ["--Ingest:Doors=kafka"];

    /// <param name="stage">Its Kafka has three partitions.</param>
    public static async Task<ThreeBrokers> StartAsync(Stage stage)
    {
        if (Environment.GetEnvironmentVariable("REAL_KAFKA") is not { Length: > 0 } tools)
        {
            return new ThreeBrokers(stage, null, "", stage.Kafka.BootstrapServers);
        }
        var port = FreePort.Take().ToString(CultureInfo.InvariantCulture);
        var data = Path.Combine(stage.Folder, $"three-kafkas-{port}");
        await using var start = EngineProcess.Start("real Kafka's start", new Launch(Path.Combine(tools, "start"),
            [data, "--kafka-port", port, "--brokers", "3", "--no-connect"]), Log(stage));
        var brokers = new ThreeBrokers(stage, tools, data, await start.AnnouncedAsync("KAFKA_BOOTSTRAP", Limit));
        using var admin = brokers.Admin();
        await admin.CreateTopicsAsync(
        [
            new TopicSpecification { Name = Topics.Commands, NumPartitions = 3, ReplicasAssignments = new() { [0] = [1], [1] = [2], [2] = [3] }, Configs = Topics.CommandSettings.ToDictionary() },
            new TopicSpecification { Name = Topics.DeadLetter(Topics.Commands), NumPartitions = 1, ReplicationFactor = 3 },
        ]);
        return brokers;
    }

    public async Task PublishAsync(byte[] body, int partition)
    {
        using var producer = new ProducerBuilder<Null, byte[]>(new ProducerConfig { BootstrapServers = _bootstrap, LingerMs = 20 }).Build();
        await producer.ProduceAsync(new TopicPartition(Topics.Commands, partition), new Message<Null, byte[]> { Value = body });
    }

    /// <summary>
    /// The broker that coordinates the group stands still; of the stand-in, whose only broker does, the last partition loses its leader.
    /// </summary>
    /// <returns>The partition that nobody leads then.</returns>
    public async Task<int> StopCoordinatorAsync()
    {
        if (!IsReal)
        {
            await _stage.Kafka.LeadAsync(2, hasLeader: false);
            return 2;
        }
        using var admin = Admin();
        var groups = await admin.DescribeConsumerGroupsAsync([Topics.IngestGroup]);
        var broker = groups.ConsumerGroupDescriptions.Single().Coordinator.Id;
        _stopped = (await File.ReadAllTextAsync(Path.Combine(_data, broker == 1 ? "kafka.pid" : $"kafka{broker}.pid"))).Trim();
        await SignalAsync("-STOP");
        return broker - 1;
    }

    public Task ContinueAsync() => IsReal ? SignalAsync("-CONT") : _stage.Kafka.LeadAsync(2, hasLeader: true);

    public async ValueTask DisposeAsync()
    {
        if (IsReal)
        {
            await SignalAsync("-CONT");
            await using var stop = EngineProcess.Start("real Kafka's stop", new Launch(Path.Combine(_tools!, "stop"), [_data, "--kill"]), Log(_stage));
            await stop.ExitedWithinAsync(Limit);
        }
    }

    async Task SignalAsync(string signal)
    {
        if (_stopped is { } process)
        {
            await using var kill = EngineProcess.Start("kill", new Launch("kill", [signal, process]), Log(_stage));
            await kill.ExitedWithinAsync(Limit);
        }
    }

    static string Log(Stage stage) => Path.Combine(stage.Folder, "logs", "three-kafkas.log");

    IAdminClient Admin() => new AdminClientBuilder(new AdminClientConfig { BootstrapServers = _bootstrap }).Build();
}
