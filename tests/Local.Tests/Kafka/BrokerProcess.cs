using System.Diagnostics;
using Confluent.Kafka;
using Xunit;

namespace Betting.Tests.Local.Kafka;

/// <summary>LocalKafka as a child process on free ports.</summary>
sealed class BrokerProcess : IDisposable
{
    readonly Process _process;

    BrokerProcess(Process process, string bootstrap, Uri admin) =>
        (_process, Bootstrap, Admin) = (process, bootstrap, new HttpClient { BaseAddress = admin });

    public string Bootstrap { get; }

    public HttpClient Admin { get; }

    public int Id => _process.Id;

    public static async Task<BrokerProcess> StartAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "LocalKafka.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        string bootstrap = await ReadValueAsync(process, "KAFKA_BOOTSTRAP", deadline.Token);
        string admin = await ReadValueAsync(process, "KAFKA_ADMIN", deadline.Token);
        return new BrokerProcess(process, bootstrap, new Uri(admin));
    }

    public IProducer<string, string> Producer() => new ProducerBuilder<string, string>(
            new ProducerConfig
            {
                BootstrapServers = Bootstrap,
                LingerMs = 20,
                EnableIdempotence = true,
                ReconnectBackoffMaxMs = 300,
            }
        ).SetLogHandler((_, _) => { }).Build();

    /// <summary>Reads a topic from its beginning, without a group.</summary>
    public List<ConsumeResult<string, string>> ReadAll(string topic, int partitions, int count)
    {
        using var consumer = new ConsumerBuilder<string, string>(
            new ConsumerConfig
            {
                BootstrapServers = Bootstrap,
                GroupId = "reader",
                FetchWaitMaxMs = 10,
                AutoOffsetReset = AutoOffsetReset.Error,
            }
        ).SetLogHandler((_, _) => { }).Build();
        consumer.Assign(Enumerable.Range(0, partitions).Select(partition => new TopicPartitionOffset(topic, partition, 0)));
        var records = new List<ConsumeResult<string, string>>();
        long end = Environment.TickCount64 + 30_000;
        while (records.Count < count && Environment.TickCount64 < end)
        {
            if (consumer.Consume(TimeSpan.FromMilliseconds(100)) is { } record)
                records.Add(record);
        }
        return records;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        Admin.Dispose();
    }

    static async Task<string> ReadValueAsync(Process process, string name, CancellationToken deadline)
    {
        string? line = await process.StandardOutput.ReadLineAsync(deadline);
        Assert.StartsWith(name + "=", line, StringComparison.Ordinal);
        return line![(name.Length + 1)..];
    }
}
