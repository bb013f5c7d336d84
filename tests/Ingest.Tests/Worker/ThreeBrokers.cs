using Betting.Contracts;
using Betting.Local.Engines;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Betting.Tests.Ingest.Worker;

/// <summary>
/// Three brokers of Apache Kafka, each of which leads one partition of the commands that nobody else has; or the stage's stand-in with
/// three partitions.
/// </summary>
sealed class ThreeBrokers(Stage stage, RealKafka? real) : IAsyncDisposable
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    readonly string _bootstrap = real?.Bootstrap ?? stage.Kafka.BootstrapServers;
    string? _stopped;

    public bool IsReal => real is not null;

    /// <summary>The worker's settings for the Kafka door alone.</summary>
    public string[] Settings =>
        IsReal
            ? ["--Ingest:Doors=kafka", $"--Kafka:BootstrapServers={_bootstrap}", "--Kafka:Client:session.timeout.ms=6000"]
            : ["--Ingest:Doors=kafka"];

    /// <param name="stage">Its Kafka has three partitions.</param>
    public static async Task<ThreeBrokers> StartAsync(Stage stage)
    {
        var brokers = new ThreeBrokers(stage, await RealKafka.StartAsync(stage, brokers: 3));
        if (brokers.IsReal)
        {
            using var admin = brokers.Admin();
            await admin.CreateTopicsAsync([
                new TopicSpecification
                {
                    Name = Topics.Commands,
                    NumPartitions = 3,
                    ReplicasAssignments = new()
                    {
                        [0] = [1],
                        [1] = [2],
                        [2] = [3],
                    },
                    Configs = Topics.CommandSettings.ToDictionary(),
                },
                new TopicSpecification
                {
                    Name = Topics.DeadLetter(Topics.Commands),
                    NumPartitions = 1,
                    ReplicationFactor = 3,
                },
            ]);
        }
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
        if (real is null)
        {
            await stage.Kafka.LeadAsync(2, hasLeader: false);
            return 2;
        }
        using var admin = Admin();
        var groups = await admin.DescribeConsumerGroupsAsync([Topics.IngestGroup]);
        var broker = groups.ConsumerGroupDescriptions.Single().Coordinator.Id;
        _stopped = (await File.ReadAllTextAsync(Path.Combine(real.Data, broker == 1 ? "kafka.pid" : $"kafka{broker}.pid"))).Trim();
        await SignalAsync("-STOP");
        return broker - 1;
    }

    public Task ContinueAsync() => IsReal ? SignalAsync("-CONT") : stage.Kafka.LeadAsync(2, hasLeader: true);

    public async ValueTask DisposeAsync()
    {
        if (real is not null)
        {
            await SignalAsync("-CONT");
            await real.DisposeAsync();
        }
    }

    async Task SignalAsync(string signal)
    {
        if (real is not null && _stopped is { } process)
        {
            await using var kill = EngineProcess.Start("kill", new Launch("kill", [signal, process]), real.Log);
            await kill.ExitedWithinAsync(Limit);
        }
    }

    IAdminClient Admin() => new AdminClientBuilder(new AdminClientConfig { BootstrapServers = _bootstrap }).Build();
}
