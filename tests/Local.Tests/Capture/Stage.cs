using System.Net.Http.Json;
using System.Text.Json;
using Betting.Contracts;
using Betting.Local.Engines;
using Confluent.Kafka;
using Npgsql;
using Xunit;

namespace Betting.Tests.Local.Capture;

/// <summary>A database, topics and the capture process between them.</summary>
public sealed class Stage(string prefix, string postgres, string bootstrap, string folder) : IAsyncDisposable
{
    static readonly HttpClient Http = new();
    readonly ChangeTopics _topics = new(prefix);
    readonly NpgsqlDataSource _source = NpgsqlDataSource.Create(postgres);
    EngineProcess? _capture;
    Uri? _status;

    public string Prefix => prefix;

    public string Database { get; } = new NpgsqlConnectionStringBuilder(postgres).Database!;

    public string Slot => $"slot_{prefix}";

    /// <summary>Where capture keeps its checkpoint.</summary>
    public string Data { get; } = Path.Combine(folder, "capture", prefix);

    public string LogFile => Path.Combine(folder, "logs", $"capture-{prefix}.log");

    public IReadOnlyList<string> ChangeTopics => _topics.Tables;

    public IReadOnlyList<string> OtherTopics => [_topics.Messages, _topics.Transactions, _topics.Heartbeats];

    public ChangeTopics Topics => _topics;

    public async Task ExecuteAsync(string sql, params object?[] values)
    {
        await using var command = _source.CreateCommand(sql);
        foreach (object? value in values)
            command.Parameters.Add(new() { Value = value ?? DBNull.Value });
        await command.ExecuteNonQueryAsync();
    }

    public async Task<T> AskAsync<T>(string sql)
    {
        await using var command = _source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public ValueTask<NpgsqlConnection> OpenAsync() => _source.OpenConnectionAsync();

    /// <summary>The platform's three captured tables and their publication.</summary>
    public Task CreateTablesAsync() =>
        ExecuteAsync(
            """
            create table users (id bigint primary key, name text not null, created_at timestamptz not null);
            create table events (id bigint primary key, name text not null, category text not null, start_time timestamptz not null,
                status text not null);
            create table bets (id bigint primary key, user_id bigint not null, event_id bigint not null, status text not null,
                amount numeric(12,2) not null, payout numeric(14,2), placed_at timestamptz not null, settled_at timestamptz);
            alter table bets replica identity full;
            create publication debezium_publication for table users, events, bets;
            """
        );

    public async Task StartCaptureAsync(params string[] more)
    {
        var launch = Installed.Own(
            "local/Capture",
            "LocalCapture",
            [
                "--postgres",
                postgres,
                "--kafka",
                bootstrap,
                "--prefix",
                prefix,
                "--slot",
                Slot,
                "--data",
                Data,
                "--heartbeat-ms",
                "200",
                .. more,
            ]
        );
        _capture = EngineProcess.Start("Capture", launch, LogFile);
        _status = new Uri(await _capture.AnnouncedAsync("CAPTURE_URL", TimeSpan.FromSeconds(30)));
    }

    public Task StreamingAsync() =>
        Deadline.UntilAsync("streaming", TimeSpan.FromSeconds(30), async () =>
            (await StatusAsync()).GetProperty("phase").GetString() == "streaming"
        );

    public Task<JsonElement> StatusAsync() => Http.GetFromJsonAsync<JsonElement>(new Uri(_status!, "/status"));

    public Task<string> MetricsAsync() => Http.GetStringAsync(new Uri(_status!, "/metrics"));

    public Task KillCaptureAsync() => _capture!.KillAsync();

    public async Task StopCaptureAsync() =>
        Assert.True(await _capture!.StopAsync(TimeSpan.FromSeconds(15)), "capture did not end by itself");

    /// <summary>Sends a fence through PostgreSQL and waits until it has come out of capture: everything before it is out too.</summary>
    /// <remarks>Capture streams first: a message sent while a snapshot is taken is skipped.</remarks>
    public async Task FenceAsync(string text = "all of it")
    {
        await StreamingAsync();
        await ExecuteAsync("select pg_logical_emit_message(true, 'fence', $1)", text);
        string content = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(text));
        using var reader = Reader();
        reader.Assign(new TopicPartitionOffset(_topics.Messages, 0, 0));
        await Deadline.UntilAsync("the fence", TimeSpan.FromSeconds(60), () =>
            Task.FromResult(
                reader.Consume(TimeSpan.FromMilliseconds(100)) is { } record
                    && record.Message.Value.Contains(content, StringComparison.Ordinal)
            )
        );
        // Partitions are acknowledged each for itself: what was sent before the fence may come after it.
        await Deadline.UntilAsync("every acknowledgement", TimeSpan.FromSeconds(60), async () =>
            (await StatusAsync()).GetProperty("underWay").GetInt32() == 0
        );
    }

    /// <summary>Everything the topic holds now, partition by partition.</summary>
    public List<ConsumeResult<string?, string?>> ReadAll(string topic)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrap }).Build();
        int partitions = admin.GetMetadata(topic, TimeSpan.FromSeconds(10)).Topics[0].Partitions.Count;
        using var reader = Reader();
        var records = new List<ConsumeResult<string?, string?>>();
        for (int partition = 0; partition < partitions; partition++)
        {
            var place = new TopicPartition(topic, partition);
            long end = reader.QueryWatermarkOffsets(place, TimeSpan.FromSeconds(10)).High;
            if (end == 0)
                continue;
            reader.Assign(new TopicPartitionOffset(place, 0));
            while (reader.Consume(TimeSpan.FromSeconds(10)) is { } record)
            {
                records.Add(record!);
                if (record.Offset == end - 1)
                    break;
            }
        }
        return records;
    }

    public async ValueTask DisposeAsync()
    {
        if (_capture is not null)
            await _capture.DisposeAsync();
        await Deadline.UntilAsync("the slot's release", TimeSpan.FromSeconds(10), async () =>
            await AskAsync<long>($"select count(*) from pg_replication_slots where slot_name = '{Slot}' and active") == 0
        );
        await ExecuteAsync($"select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = '{Slot}'");
        await _source.DisposeAsync();
    }

    IConsumer<string, string> Reader() => new ConsumerBuilder<string, string>(
            new ConsumerConfig
            {
                BootstrapServers = bootstrap,
                GroupId = $"reader-{prefix}",
                EnableAutoCommit = false,
                FetchWaitMaxMs = 10,
                AutoOffsetReset = AutoOffsetReset.Error,
            }
        ).SetKeyDeserializer(NullableText.Instance!).SetValueDeserializer(NullableText.Instance!).SetLogHandler((_, _) => { }).Build();

    sealed class NullableText : IDeserializer<string?>
    {
        public static readonly NullableText Instance = new();

        public string? Deserialize(ReadOnlySpan<byte> data, bool isNull, SerializationContext context) =>
            isNull ? null : System.Text.Encoding.UTF8.GetString(data);
    }
}
