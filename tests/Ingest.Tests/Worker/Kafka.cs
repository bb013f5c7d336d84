using System.Text;
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
        _producer = new ProducerBuilder<Null, byte[]>(new ProducerConfig { BootstrapServers = server.BootstrapServers, LingerMs = 20 })
            .SetLogHandler((_, _) => { })
            .Build();
    }

    public static async Task<Kafka> StartAsync(string folder, int partitions = 1)
    {
        var server = new KafkaServer(folder, FreePort.Take());
        await server.StartAsync();
        await server.CreateTopicAsync(Topics.Commands, partitions, Topics.CommandSettings);
        await server.CreateTopicAsync(Topics.DeadLetter(Topics.Commands), 1);
        return new Kafka(server);
    }

    /// <summary>The worker's settings for this broker; the intervals are short because its clock is.</summary>
    public string[] Settings =>
        [
            $"--Kafka:BootstrapServers={_server.BootstrapServers}",
            "--Kafka:Client:session.timeout.ms=1500",
            "--Kafka:Client:heartbeat.interval.ms=300",
            "--Kafka:Client:fetch.wait.max.ms=10",
        ];

    /// <summary>To one partition, so that the order of publishing is the order of consuming.</summary>
    public Task PublishAsync(IEnumerable<byte[]> messages, int partition = 0) =>
        Task.WhenAll(
            messages.Select(body =>
                _producer.ProduceAsync(new TopicPartition(Topics.Commands, partition), new Message<Null, byte[]> { Value = body })
            )
        );

    /// <summary>As a publisher of its own with key and headers would send it.</summary>
    public async Task PublishAsync(Message<byte[]?, byte[]?> message, int partition, string topic = Topics.Commands)
    {
        using var producer = new ProducerBuilder<byte[]?, byte[]?>(
            new ProducerConfig
            {
                BootstrapServers = _server.BootstrapServers,
                LingerMs = 20,
                MessageMaxBytes = 100_000_000,
            }
        ).SetLogHandler((_, _) => { }).Build();
        await producer.ProduceAsync(new TopicPartition(topic, partition), message);
    }

    /// <summary>Dead letters as a worker writes them, in their order.</summary>
    /// <param name="letters">Where each original stood, as partition and offset, and its body.</param>
    public Task PublishLettersAsync(IEnumerable<(int Partition, long Offset, byte[] Body)> letters) =>
        Task.WhenAll(
            letters.Select(letter =>
            {
                var headers = new Headers
                {
                    { "dead-letter-from", Encoding.ASCII.GetBytes($"{Topics.Commands}/{letter.Partition}@{letter.Offset}") },
                    { "dead-letter-reason", "a test"u8.ToArray() },
                };
                return _producer.ProduceAsync(
                    Topics.DeadLetter(Topics.Commands),
                    new Message<Null, byte[]> { Value = letter.Body, Headers = headers }
                );
            })
        );

    /// <summary>Cuts all connections and takes no new ones; the records stay.</summary>
    public Task DownAsync() => _server.DownAsync();

    public Task UpAsync() => _server.UpAsync();

    /// <summary>Stands still: connections stay and nothing is answered.</summary>
    public void Pause() => _server.Pause();

    public void Resume() => _server.Resume();

    /// <summary>The next requests of this kind are answered with an error.</summary>
    public Task FailAsync(string request, string code, int times) =>
        AskAsync(HttpMethod.Post, $"/errors/{request}?code={code}&times={times}");

    /// <summary>These requests fail no longer.</summary>
    public Task ServeAsync(string request) => AskAsync(HttpMethod.Delete, $"/errors/{request}");

    /// <summary>A partition loses its leader, or has the only broker for it again.</summary>
    public Task LeadAsync(int partition, bool hasLeader) =>
        AskAsync(HttpMethod.Post, $"/topics/{Topics.Commands}/partitions/{partition}/leader?broker={(hasLeader ? 1 : -1)}");

    /// <summary>As retention would.</summary>
    public Task DeleteRecordsAsync(string topic, int partition, long before) =>
        AskAsync(HttpMethod.Delete, $"/topics/{topic}/partitions/{partition}/records?before={before}");

    /// <summary>The topic of commands is deleted, and what the group has committed in it, and made again with one partition.</summary>
    public async Task RecreateCommandsAsync()
    {
        await AskAsync(HttpMethod.Delete, $"/topics/{Topics.Commands}");
        await _server.CreateTopicAsync(Topics.Commands, 1, Topics.CommandSettings);
    }

    public Task RemoveAsync(string topic) => AskAsync(HttpMethod.Delete, $"/topics/{topic}");

    public Task CreateAsync(string topic) => _server.CreateTopicAsync(topic, 1);

    /// <summary>What the broker tells of a topic's setting; null takes it back.</summary>
    public Task SetAsync(string topic, string setting, string? value) =>
        value is null
            ? AskAsync(HttpMethod.Delete, $"/topics/{topic}/settings/{setting}")
            : AskAsync(HttpMethod.Put, $"/topics/{topic}/settings/{setting}?value={Uri.EscapeDataString(value)}");

    public string BootstrapServers => _server.BootstrapServers;

    /// <summary>As one publisher sends them, in their order.</summary>
    public async Task PublishAsync(IEnumerable<Message<byte[]?, byte[]?>> messages)
    {
        using var producer = new ProducerBuilder<byte[]?, byte[]?>(
            new ProducerConfig { BootstrapServers = _server.BootstrapServers, LingerMs = 20 }
        )
            .SetLogHandler((_, _) => { })
            .Build();
        await Task.WhenAll(messages.Select(message => producer.ProduceAsync(new TopicPartition(Topics.Commands, 0), message)));
    }

    /// <summary>Dead letters from an offset on.</summary>
    public List<ConsumeResult<byte[]?, byte[]?>> DeadLettersFrom(long first)
    {
        using var consumer = new ConsumerBuilder<byte[]?, byte[]?>(
            new ConsumerConfig
            {
                BootstrapServers = _server.BootstrapServers,
                GroupId = "test",
                FetchWaitMaxMs = 10,
                EnableAutoCommit = false,
            }
        ).SetLogHandler((_, _) => { }).Build();
        var partition = new TopicPartition(Topics.DeadLetter(Topics.Commands), 0);
        var end = consumer.QueryWatermarkOffsets(partition, TimeSpan.FromSeconds(10)).High.Value;
        consumer.Assign(new TopicPartitionOffset(partition, first));
        var records = new List<ConsumeResult<byte[]?, byte[]?>>();
        while (first + records.Count < end && consumer.Consume(TimeSpan.FromSeconds(10)) is { } record)
        {
            records.Add(record);
        }
        return records;
    }

    public List<ConsumeResult<byte[]?, byte[]?>> DeadLetters() => Read(Topics.DeadLetter(Topics.Commands));

    /// <summary>How many were ever written, though the oldest may be gone.</summary>
    public long DeadLetterCount() => Count(Topics.DeadLetter(Topics.Commands));

    /// <summary>Records of partition 0.</summary>
    public long CommandCount() => Count(Topics.Commands);

    long Count(string topic)
    {
        using var consumer = new ConsumerBuilder<byte[]?, byte[]?>(
            new ConsumerConfig { BootstrapServers = _server.BootstrapServers, GroupId = "test" }
        ).Build();
        return consumer.QueryWatermarkOffsets(new TopicPartition(topic, 0), TimeSpan.FromSeconds(10)).High.Value;
    }

    /// <summary>All that partition 0 of a topic has now.</summary>
    public List<ConsumeResult<byte[]?, byte[]?>> Read(string topic)
    {
        using var consumer = new ConsumerBuilder<byte[]?, byte[]?>(
            new ConsumerConfig
            {
                BootstrapServers = _server.BootstrapServers,
                GroupId = "test",
                FetchWaitMaxMs = 10,
                EnableAutoCommit = false,
            }
        ).SetLogHandler((_, _) => { }).Build();
        var partition = new TopicPartition(topic, 0);
        var records = new List<ConsumeResult<byte[]?, byte[]?>>();
        var end = consumer.QueryWatermarkOffsets(partition, TimeSpan.FromSeconds(10)).High.Value;
        consumer.Assign(new TopicPartitionOffset(partition, Offset.Beginning));
        while (records.Count < end && consumer.Consume(TimeSpan.FromSeconds(10)) is { } record)
        {
            records.Add(record);
        }
        return records;
    }

    public ConsumeResult<Ignore, byte[]>? FirstDeadLetter()
    {
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(
            new ConsumerConfig { BootstrapServers = _server.BootstrapServers, GroupId = "test" }
        ).Build();
        consumer.Assign(new TopicPartitionOffset(Topics.DeadLetter(Topics.Commands), 0, Offset.Beginning));
        return consumer.Consume(TimeSpan.FromSeconds(10));
    }

    async Task AskAsync(HttpMethod method, string what)
    {
        using var http = new HttpClient();
        using var answer = await http.SendAsync(new HttpRequestMessage(method, new Uri(_server.Admin, what)));
        answer.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        _producer.Dispose();
        await _server.DisposeAsync();
    }
}
