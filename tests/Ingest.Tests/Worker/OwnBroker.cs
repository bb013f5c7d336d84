using Betting.Contracts;
using Betting.Local.Engines;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Betting.Tests.Ingest.Worker;

/// <summary>Apache Kafka, started by the test, or the stage's stand-in.</summary>
sealed class OwnBroker(Stage stage, RealKafka? real) : IAsyncDisposable
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);
    static readonly TopicPartition Commands = new(Topics.Commands, 0);

    public string Bootstrap { get; } = real?.Bootstrap ?? stage.Kafka.BootstrapServers;

    public bool IsReal => real is not null;

    public static async Task<OwnBroker> StartAsync(Stage stage)
    {
        var broker = new OwnBroker(stage, await RealKafka.StartAsync(stage));
        if (broker.IsReal)
        {
            using var admin = broker.Admin();
            await admin.CreateTopicsAsync(new[] { Topics.Commands, Topics.DeadLetter(Topics.Commands) }.Select(Specification));
        }
        return broker;
    }

    /// <summary>The worker's settings for the Kafka door alone.</summary>
    public string[] Settings =>
        ["--Ingest:Doors=kafka", $"--Kafka:BootstrapServers={Bootstrap}", $"--Kafka:Client:session.timeout.ms={SessionMs}"];

    // A real broker takes no session below its group.min.session.timeout.ms, 6 s by default.
    int SessionMs => IsReal ? 6000 : 1500;

    public async Task PublishAsync(IEnumerable<byte[]> messages)
    {
        using var producer = new ProducerBuilder<Null, byte[]>(new ProducerConfig { BootstrapServers = Bootstrap, LingerMs = 20 }).Build();
        foreach (var body in messages)
        {
            await producer.ProduceAsync(Commands, new Message<Null, byte[]> { Value = body });
        }
    }

    public long End()
    {
        using var consumer = Consumer();
        return consumer.QueryWatermarkOffsets(Commands, TimeSpan.FromSeconds(20)).High.Value;
    }

    public long Committed()
    {
        using var consumer = Consumer();
        return consumer.Committed([Commands], TimeSpan.FromSeconds(20)).Single().Offset.Value;
    }

    /// <summary>As a stranger in the group would, alone in it.</summary>
    public async Task CommitAsync(long offset)
    {
        using var consumer = Consumer();
        consumer.Subscribe(Topics.Commands);
        await Deadline.UntilAsync("an assignment", Limit, () =>
        {
            consumer.Consume(TimeSpan.FromMilliseconds(100));
            return Task.FromResult(consumer.Assignment.Contains(Commands));
        });
        consumer.Commit([new TopicPartitionOffset(Commands, offset)]);
        consumer.Close();
    }

    /// <summary>As retention would.</summary>
    public async Task DeleteRecordsAsync(long before)
    {
        if (!IsReal)
        {
            await stage.Kafka.DeleteRecordsAsync(Topics.Commands, 0, before);
            return;
        }
        using var admin = Admin();
        await admin.DeleteRecordsAsync([new TopicPartitionOffset(Commands, before)]);
    }

    /// <summary>The topic of commands is deleted, with the group's offsets, and made again.</summary>
    public async Task RecreateTopicAsync()
    {
        if (!IsReal)
        {
            await stage.Kafka.RecreateCommandsAsync();
            return;
        }
        using var admin = Admin();
        await admin.DeleteTopicsAsync([Topics.Commands]);
        await Deadline.UntilAsync("the topic's end", Limit, () =>
            Task.FromResult(admin.GetMetadata(TimeSpan.FromSeconds(10)).Topics.TrueForAll(topic => topic.Topic != Topics.Commands))
        );
        await admin.CreateTopicsAsync([Specification(Topics.Commands)]);
    }

    /// <summary>The group's offsets expire. The stand-in has no way to do so: there the topic is recreated.</summary>
    public async Task ForgetGroupAsync()
    {
        if (!IsReal)
        {
            await stage.Kafka.RecreateCommandsAsync();
            return;
        }
        using var admin = Admin();
        await Deadline.UntilAsync("a group without members", Limit, async () =>
        {
            try
            {
                await admin.DeleteGroupsAsync([Topics.IngestGroup]);
                return true;
            }
            catch (DeleteGroupsException)
            {
                return false;
            }
        });
    }

    /// <summary>A null value takes the topic's setting back.</summary>
    public async Task SetAsync(string topic, string setting, string? value)
    {
        if (!IsReal)
        {
            await stage.Kafka.SetAsync(topic, setting, value);
            return;
        }
        using var admin = Admin();
        var operation = value is null ? AlterConfigOpType.Delete : AlterConfigOpType.Set;
        var entry = new ConfigEntry
        {
            Name = setting,
            Value = value ?? "",
            IncrementalOperation = operation,
        };
        await admin.IncrementalAlterConfigsAsync(new() { [new ConfigResource { Type = ResourceType.Topic, Name = topic }] = [entry] });
    }

    public ValueTask DisposeAsync() => real?.DisposeAsync() ?? ValueTask.CompletedTask;

    static TopicSpecification Specification(string topic) =>
        new()
        {
            Name = topic,
            NumPartitions = 1,
            Configs = topic == Topics.Commands ? Topics.CommandSettings.ToDictionary() : null,
        };

    IAdminClient Admin() => new AdminClientBuilder(new AdminClientConfig { BootstrapServers = Bootstrap }).Build();

    IConsumer<byte[]?, byte[]?> Consumer() =>
        new ConsumerBuilder<byte[]?, byte[]?>(
            new ConsumerConfig
            {
                BootstrapServers = Bootstrap,
                GroupId = Topics.IngestGroup,
                EnableAutoCommit = false,
                SessionTimeoutMs = SessionMs,
                IsolationLevel = IsolationLevel.ReadUncommitted,
            }
        ).Build();
}
