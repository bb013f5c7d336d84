using System.Globalization;
using Betting.Contracts;
using Betting.Debezium;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using ClickHouse.Driver;
using Confluent.Kafka;

namespace Betting.Tests.CdcSink.Stream;

/// <summary>Topics of their own on the shared broker, and workers that read them.</summary>
sealed class KafkaStream : IAsyncDisposable
{
    const int Partitions = 3;

    static readonly HttpClient Http = new();

    static int _streams;
    readonly KafkaServer _server;
    readonly string _folder;
    readonly string _prefix = $"sink{Environment.ProcessId}x{Interlocked.Increment(ref _streams)}";
    readonly IProducer<byte[]?, byte[]?> _producer;
    readonly Dictionary<(string, int), long> _ends = [];
    KafkaServer? _owned;

    KafkaStream(KafkaServer server, string folder)
    {
        _server = server;
        _folder = folder;
        _producer = new ProducerBuilder<byte[]?, byte[]?>(
            new ProducerConfig
            {
                BootstrapServers = server.BootstrapServers,
                LingerMs = 20,
                MessageMaxBytes = 32 << 20,
            }
        ).Build();
    }

    public string Bets => new ChangeTopics(_prefix).Bets;

    public string Prefix => _prefix;

    /// <param name="servers">Where the shared broker is.</param>
    /// <param name="ownServer">True for a broker of its own, which faults can be put into.</param>
    public static async Task<KafkaStream> CreateAsync(Servers servers, bool ownServer = false)
    {
        KafkaStream stream;
        if (ownServer)
        {
            var folder = Directory.CreateTempSubdirectory("cdcsink-kafka-").FullName;
            var server = new KafkaServer(folder, FreePort.Take());
            await server.StartAsync();
            stream = new KafkaStream(server, folder) { _owned = server };
        }
        else
        {
            stream = new KafkaStream(await servers.KafkaAsync(), servers.Folder);
        }
        var topics = new ChangeTopics(stream._prefix);
        foreach (var topic in topics.Tables)
        {
            await stream._server.CreateTopicAsync(topic, Partitions);
            await stream._server.CreateTopicAsync(Topics.DeadLetter(topic), 1);
        }
        await stream._server.CreateTopicAsync(topics.Messages, Partitions);
        await stream._server.CreateTopicAsync(topics.Heartbeats, Partitions);
        return stream;
    }

    /// <summary>The broker; a test that stops it has one of its own.</summary>
    public KafkaServer Server => _server;

    public EngineProcess StartWorker(string clickHouse, params string[] settings) =>
        Start(
            clickHouse,
            [
                $"--CdcSink:Group={_prefix}",
                "--CdcSink:BatchRecords=500",
                "--CdcSink:BatchAge=00:00:00.050",
                "--CdcSink:RewindsEvery=00:00:00.200",
                "--Http:Url=http://127.0.0.1:0",
                "--Logs:Format=text",
                .. settings,
            ]
        );

    /// <summary>Starts one of the worker's verbs, or with settings alone the worker.</summary>
    public EngineProcess Start(string clickHouse, params string[] arguments)
    {
        var launch = Installed.Own(
            "workers/CdcSink",
            "CdcSink",
            [
                .. arguments,
                $"--ClickHouse:ConnectionString={clickHouse}",
                $"--Kafka:BootstrapServers={_server.BootstrapServers}",
                $"--CdcSink:TopicPrefix={_prefix}",
                "--CdcSink:RebalanceWait=00:00:01",
                "--Kafka:Client:session.timeout.ms=2000",
                "--Kafka:Client:heartbeat.interval.ms=300",
                "--Kafka:Client:fetch.wait.max.ms=10",
            ]
        );
        return EngineProcess.Start("CdcSink", launch, Path.Combine(_folder, "logs", $"{_prefix}-{Guid.NewGuid():N}.log"));
    }

    /// <summary>Runs a verb that talks to Kafka alone, or with its ClickHouse, to its end.</summary>
    public async Task<(int ExitCode, string Output)> VerbAsync(string clickHouse, params string[] arguments)
    {
        await using var verb = Start(clickHouse, [.. arguments, $"--CdcSink:Group={_prefix}"]);
        if (!await verb.ExitedWithinAsync(TimeSpan.FromSeconds(120)))
        {
            throw new TimeoutException($"{string.Join(' ', arguments)} did not end: {Said(verb)}");
        }
        return (verb.ExitCode, Said(verb));
    }

    /// <summary>What a process has printed so far.</summary>
    public static string Said(EngineProcess process)
    {
        using var log = new StreamReader(new FileStream(process.LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return log.ReadToEnd();
    }

    /// <summary>As retention would.</summary>
    public Task DeleteRecordsAsync(string topic, int partition, long before) =>
        AskAsync(HttpMethod.Delete, $"/topics/{topic}/partitions/{partition}/records?before={before}");

    /// <summary>A partition loses its leader, or has the only broker for it again.</summary>
    public Task LeadAsync(string topic, int partition, bool hasLeader) =>
        AskAsync(HttpMethod.Post, $"/topics/{topic}/partitions/{partition}/leader?broker={(hasLeader ? 1 : -1)}");

    /// <summary>What the broker tells of a topic's setting.</summary>
    public Task SetAsync(string topic, string setting, string value) =>
        AskAsync(HttpMethod.Put, $"/topics/{topic}/settings/{setting}?value={Uri.EscapeDataString(value)}");

    /// <summary>A member of the worker's group that follows the topic of bets and commits nothing.</summary>
    public IConsumer<byte[], byte[]> Member(string clientId)
    {
        var consumer = new ConsumerBuilder<byte[], byte[]>(
            new ConsumerConfig
            {
                BootstrapServers = _server.BootstrapServers,
                GroupId = _prefix,
                ClientId = clientId,
                EnableAutoCommit = false,
                SessionTimeoutMs = 2000,
                HeartbeatIntervalMs = 300,
                FetchWaitMaxMs = 10,
            }
        ).SetLogHandler((_, _) => { }).Build();
        consumer.Subscribe(Bets);
        return consumer;
    }

    /// <summary>The topic is deleted, and the group's offsets with it, and made anew without records.</summary>
    public async Task MakeAnewAsync(string topic)
    {
        await DeleteAsync(topic);
        await _server.CreateTopicAsync(topic, Partitions);
        foreach (var partition in _ends.Keys.Where(end => end.Item1 == topic).ToList())
        {
            _ends.Remove(partition);
        }
    }

    /// <summary>The topic is deleted, if it is there, and the group's offsets with it.</summary>
    public async Task DeleteAsync(string topic)
    {
        using var answer = await Http.DeleteAsync(new Uri(_server.Admin, $"/topics/{topic}"));
        if (answer.StatusCode != System.Net.HttpStatusCode.NotFound)
        {
            answer.EnsureSuccessStatusCode();
        }
    }

    /// <summary>What the group has committed.</summary>
    public long Committed(string topic, int partition)
    {
        using var consumer = new ConsumerBuilder<byte[], byte[]>(
            new ConsumerConfig { BootstrapServers = _server.BootstrapServers, GroupId = _prefix }
        ).Build();
        return consumer.Committed([new TopicPartition(topic, partition)], TimeSpan.FromSeconds(10)).Single().Offset.Value;
    }

    /// <summary>Puts recorded records into this stream's topics and their partitions, with keys and headers as they were.</summary>
    /// <param name="records">What is sent.</param>
    /// <param name="timestamp">Of the records, milliseconds since 1970; null for the moment of sending.</param>
    public async Task SendAsync(IEnumerable<StreamRecord> records, long? timestamp = null)
    {
        var sent = new List<Task<DeliveryResult<byte[]?, byte[]?>>>();
        foreach (var record in records.Where(record => !record.Topic.EndsWith(".transaction", StringComparison.Ordinal)))
        {
            var headers = new Headers();
            foreach (var header in record.Headers)
            {
                headers.Add(header.Name, header.Value);
            }
            var topic = record.Topic.Replace(ChangeTopics.DefaultPrefix, _prefix, StringComparison.Ordinal);
            sent.Add(
                _producer.ProduceAsync(
                    new TopicPartition(topic, record.Partition),
                    new Message<byte[]?, byte[]?>
                    {
                        Key = record.Key,
                        Value = record.Value,
                        Headers = headers,
                        Timestamp = timestamp is { } at ? new Timestamp(at, TimestampType.CreateTime) : Timestamp.Default,
                    }
                )
            );
        }
        foreach (var delivered in await Task.WhenAll(sent))
        {
            _ends[(delivered.Topic, delivered.Partition)] = Math.Max(
                _ends.GetValueOrDefault((delivered.Topic, delivered.Partition)),
                delivered.Offset + 1
            );
        }
    }

    public Task<bool> IsVisibleAsync(SinkUnderTest sink) => IsVisibleAsync(sink.Client);

    /// <summary>Whether the sink's progress covers all that was sent.</summary>
    public async Task<bool> IsVisibleAsync(ClickHouseClient client)
    {
        var progress = new Dictionary<(string, int), long>();
        await using var reader = await client.ExecuteReaderAsync("SELECT topic, partition, next_offset FROM sink_progress FINAL");
        while (await reader.ReadAsync())
        {
            progress[(reader.GetString(0), Convert.ToInt32(reader.GetValue(1), CultureInfo.InvariantCulture))] = reader.GetInt64(2);
        }
        return _ends.All(end => progress.GetValueOrDefault(end.Key) >= end.Value);
    }

    public IEnumerable<ConsumeResult<byte[], byte[]>> DeadLetters(string topic)
    {
        using var consumer = new ConsumerBuilder<byte[], byte[]>(
            new ConsumerConfig { BootstrapServers = _server.BootstrapServers, GroupId = "reader" }
        ).Build();
        consumer.Assign(new TopicPartitionOffset(Topics.DeadLetter(topic), 0, Offset.Beginning));
        while (consumer.Consume(TimeSpan.FromSeconds(10)) is { } letter)
        {
            yield return letter;
        }
    }

    async Task AskAsync(HttpMethod method, string what)
    {
        using var answer = await Http.SendAsync(new HttpRequestMessage(method, new Uri(_server.Admin, what)));
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>The next requests of this kind, from whomever, get these answers.</summary>
    public async Task PushErrorsAsync(string api, params ErrorCode[] codes)
    {
        foreach (var code in codes)
        {
            await AskAsync(HttpMethod.Post, $"/errors/{api}?code={code}");
        }
    }

    /// <summary>All records of a partition.</summary>
    public IEnumerable<ConsumeResult<byte[], byte[]>> Records(string topic, int partition)
    {
        using var consumer = new ConsumerBuilder<byte[], byte[]>(
            new ConsumerConfig { BootstrapServers = _server.BootstrapServers, GroupId = "reader" }
        ).Build();
        var end = consumer.QueryWatermarkOffsets(new TopicPartition(topic, partition), TimeSpan.FromSeconds(10)).High.Value;
        consumer.Assign(new TopicPartitionOffset(topic, partition, Offset.Beginning));
        for (var next = 0L; next < end; )
        {
            var record = consumer.Consume(TimeSpan.FromSeconds(10))
                ?? throw new TimeoutException($"{topic} {partition} ends at {next}, before {end}");
            next = record.Offset.Value + 1;
            yield return record;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _producer.Dispose();
        if (_owned is not null)
        {
            await _owned.DisposeAsync();
            Directory.Delete(_folder, recursive: true);
        }
    }
}
