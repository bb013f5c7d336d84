using System.Globalization;

namespace Betting.Local.Engines;

/// <summary>The Kafka-protocol broker of this project's <c>local/Kafka</c>: in memory, and not Kafka itself.</summary>
/// <param name="folder">For its log.</param>
/// <param name="port">On loopback.</param>
/// <param name="keptBatches">
/// Of each partition; by default as many as it can. A fetch walks them from the oldest, so a long stream of small batches costs
/// more and more where they are not bounded.
/// </param>
public sealed class KafkaServer(string folder, int port, int? keptBatches = null) : IAsyncDisposable
{
    static readonly HttpClient Http = new();
    EngineProcess? _process;

    public string BootstrapServers { get; private set; } = "";
    public int ProcessId => _process?.Id ?? 0;

    /// <summary>Its process was started and has ended, by itself or by a signal.</summary>
    public bool HasEnded => _process is { HasExited: true };

    /// <summary>Address of the interface that creates topics and injects faults.</summary>
    public Uri Admin { get; private set; } = new("http://127.0.0.1");

    public async Task StartAsync()
    {
        string[] retention = keptBatches is { } kept ? ["--retention-batches", kept.ToString(CultureInfo.InvariantCulture)] : [];
        var launch = Installed.Own("local/Kafka", "LocalKafka", ["--port", port.ToString(CultureInfo.InvariantCulture), .. retention]);
        _process = EngineProcess.Start("Kafka", launch, Path.Combine(folder, "logs", "kafka.log"));
        BootstrapServers = await _process.AnnouncedAsync("KAFKA_BOOTSTRAP", TimeSpan.FromSeconds(60));
        Admin = new Uri(await _process.AnnouncedAsync("KAFKA_ADMIN", TimeSpan.FromSeconds(10)));
    }

    /// <param name="topic">Its name.</param>
    /// <param name="partitions">How many.</param>
    /// <param name="settings">What is told of it; the defaults of Kafka where null.</param>
    public async Task CreateTopicAsync(string topic, int partitions, IReadOnlyDictionary<string, string>? settings = null)
    {
        await PutAsync($"/topics/{topic}?partitions={partitions}");
        foreach (var (name, value) in settings ?? new Dictionary<string, string>())
        {
            await PutAsync($"/topics/{topic}/settings/{name}?value={Uri.EscapeDataString(value)}");
        }
    }

    /// <summary>Cuts all connections and takes no new ones; the records stay.</summary>
    public Task DownAsync() => AskAsync("/brokers/1/down");

    public Task UpAsync() => AskAsync("/brokers/1/up");

    async Task PutAsync(string what)
    {
        using var answer = await Http.PutAsync(new Uri(Admin, what), null);
        answer.EnsureSuccessStatusCode();
    }

    async Task AskAsync(string what)
    {
        using var answer = await Http.PostAsync(new Uri(Admin, what), null);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Stands still: connections stay and nothing is answered.</summary>
    public void Pause() => _process?.Send(Signal.Stop);

    public void Resume() => _process?.Send(Signal.Continue);

    public async Task StopAsync()
    {
        if (_process is not null)
        {
            await _process.StopAsync(TimeSpan.FromSeconds(10));
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await StopAsync();
            await _process.DisposeAsync();
        }
    }
}
