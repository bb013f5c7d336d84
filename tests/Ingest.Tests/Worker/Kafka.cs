using Betting.Contracts;
using Betting.Local.Engines;
using Confluent.Kafka;

namespace Betting.Tests.Ingest.Worker;

/// <summary>A broker of the test's own with both topics of the Kafka door.</summary>
sealed class Kafka : IAsyncDisposable
{
    readonly KafkaServer _server;
    readonly IProducer<Null, byte[]> _producer;

    Kafka(KafkaServer server)
    {
        _server = server;
        _producer = new ProducerBuilder<Null, byte[]>(new ProducerConfig { BootstrapServers = server.BootstrapServers, LingerMs = 20 }).Build();
    }

    public static async Task<Kafka> StartAsync(string folder, int partitions = 1)
    {
        var server = new KafkaServer(folder, FreePort.Take());
        await server.StartAsync();
        await server.CreateTopicAsync(Topics.Commands, partitions);
        await server.CreateTopicAsync(Topics.DeadLetter(Topics.Commands), 1);
        return new Kafka(server);
    }

    /// <summary>The worker's settings for this broker; the intervals are short because its clock is.</summary>
    public string[] Settings =>
    [
        $"--Kafka:BootstrapServers={_server.BootstrapServers}", "--Kafka:Client:session.timeout.ms=1500", "--Kafka:Client:heartbeat.interval.ms=300",
        "--Kafka:Client:fetch.wait.max.ms=10",
    ];

    /// <summary>To one partition, so that the order of publishing is the order of consuming.</summary>
    public Task PublishAsync(IEnumerable<byte[]> messages, int partition = 0) =>
        Task.WhenAll(messages.Select(body => _producer.ProduceAsync(new TopicPartition(Topics.Commands, partition), new Message<Null, byte[]> { Value = body })));

    public ConsumeResult<Ignore, byte[]>? FirstDeadLetter()
    {
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(new ConsumerConfig { BootstrapServers = _server.BootstrapServers, GroupId = "test" }).Build();
        consumer.Assign(new TopicPartitionOffset(Topics.DeadLetter(Topics.Commands), 0, Offset.Beginning));
        return consumer.Consume(TimeSpan.FromSeconds(10));
    }

    public async ValueTask DisposeAsync()
    {
        _producer.Dispose();
        await _server.DisposeAsync();
    }
}
