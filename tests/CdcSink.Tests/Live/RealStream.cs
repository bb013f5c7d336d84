using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Betting.Local.Engines;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Betting.Tests.CdcSink.Live;

/// <summary>
/// Apache Kafka and Kafka Connect with Debezium, started and killed by the test itself.
/// </summary>
/// <param name="tools">
/// The folder with the programs <c>start DIR</c> and <c>stop DIR</c>, which keep DIR/kafka.pid and DIR/connect.pid.
/// </param>
/// <param name="folder">For data and logs.</param>
/// <param name="brokers">One, or three that replicate everything.</param>
/// <param name="exactlyOnce">True where Connect writes changes and positions in transactions.</param>
sealed class RealStream(string tools, string folder, int brokers = 1, bool exactlyOnce = false) : ILiveStream
{
    /// <summary>The environment variable that names the tools.</summary>
    public const string Variable = "REAL_KAFKA";

    static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    // Brokers take the port and those ten and twenty above it, controllers the next of each.
    readonly (int Kafka, int Connect) _ports = (FreePort.Take(1, 10, 11, 20, 21), FreePort.Take());
    DebeziumConnector? _connector;
    Uri? _connect;

    public Uri Connect => new($"http://127.0.0.1:{_ports.Connect.ToString(CultureInfo.InvariantCulture)}");

    public string BootstrapServers { get; private set; } = "";

    public IReadOnlyDictionary<string, Func<Task>> Kills =>
        new Dictionary<string, Func<Task>>
        {
            ["Connect"] = () => KillAsync("connect", _ports.Connect),
            ["Kafka"] = () => KillAsync("kafka", _ports.Kafka),
        };

    string Data => Path.Combine(folder, "real-kafka");

    public async Task StartAsync()
    {
        await using var start = EngineProcess.Start(
            "real Kafka's start",
            new Launch(
                Path.Combine(tools, "start"),
                [
                    Data,
                    "--kafka-port",
                    _ports.Kafka.ToString(CultureInfo.InvariantCulture),
                    "--connect-port",
                    _ports.Connect.ToString(CultureInfo.InvariantCulture),
                    "--brokers",
                    brokers.ToString(CultureInfo.InvariantCulture),
                    .. exactlyOnce ? (string[])["--exactly-once"] : [],
                ]
            ),
            Log
        );
        BootstrapServers = await start.AnnouncedAsync("KAFKA_BOOTSTRAP", Patience);
        _connect = new Uri(await start.AnnouncedAsync("CONNECT_URL", Patience));
    }

    public async Task CreateTopicAsync(string topic, int partitions)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = BootstrapServers }).Build();
        await admin.CreateTopicsAsync([
            new TopicSpecification
            {
                Name = topic,
                NumPartitions = partitions,
                ReplicationFactor = (short)brokers,
            },
        ]);
    }

    public async Task<bool> TryAddPartitionAsync(string topic, int partitions)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = BootstrapServers }).Build();
        await admin.CreatePartitionsAsync([new PartitionsSpecification { Topic = topic, IncreaseTo = partitions }]);
        return true;
    }

    public async Task CaptureAsync(PostgresServer postgres, int epoch)
    {
        _connector = new DebeziumConnector(_connect!, postgres.Port, epoch, Path.Combine(folder, "signals"));
        await _connector.RegisterAsync();
    }

    public async Task<bool> TryRaiseEpochAsync(int epoch)
    {
        await _connector!.RaiseEpochAsync(epoch);
        return true;
    }

    public async Task<bool> TryReadAgainAsync(string table, bool beside, string? condition)
    {
        await _connector!.ReadAgainAsync(table, beside, condition);
        return true;
    }

    public Task<bool> HasStoredItsPositionAsync() => _connector!.HasStoredOffsetsAsync();

    public Task RestartCaptureAsync() => _connector!.RestartAsync();

    public Task PauseCaptureAsync() => _connector!.PauseAsync();

    public Task ResumeCaptureAsync() => _connector!.ResumeAsync();

    /// <summary>kill -9 of the second of three.</summary>
    public async Task StopOneBrokerAsync()
    {
        using var process = Process.GetProcessById(
            int.Parse(await File.ReadAllTextAsync(Path.Combine(Data, "kafka2.pid")), CultureInfo.InvariantCulture)
        );
        process.Kill();
        await Deadline.UntilAsync("the end of a broker", TimeSpan.FromSeconds(30), () => Task.FromResult(!IsListening(_ports.Kafka + 10)));
    }

    public Task RefuseShortSessionsAsync() => Task.CompletedTask;

    public Task StopCaptureAsync() => _connector!.DeleteAsync();

    public async ValueTask DisposeAsync()
    {
        await using var stop = EngineProcess.Start("real Kafka's stop", new Launch(Path.Combine(tools, "stop"), [Data, "--kill"]), Log);
        await stop.ExitedWithinAsync(TimeSpan.FromMinutes(1));
    }

    string Log => Path.Combine(folder, "logs", "real-kafka.log");

    async Task KillAsync(string name, int port)
    {
        var file = Path.Combine(Data, name + ".pid");
        using (var process = Process.GetProcessById(int.Parse(await File.ReadAllTextAsync(file), CultureInfo.InvariantCulture)))
        {
            process.Kill();
        }
        // It is dead once its port is free; a zombie would still look alive to whoever asks by its number.
        await Deadline.UntilAsync($"the end of {name}", TimeSpan.FromSeconds(30), () => Task.FromResult(!IsListening(port)));
        File.Delete(file);
        await StartAsync();
    }

    static bool IsListening(int port)
    {
        using var probe = new TcpClient();
        try
        {
            probe.Connect("127.0.0.1", port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
