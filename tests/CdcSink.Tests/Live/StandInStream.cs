using System.Globalization;
using Betting.Contracts;
using Betting.Local.Engines;

namespace Betting.Tests.CdcSink.Live;

/// <summary>
/// This project's own stand-ins. The broker keeps records in memory alone, so killing it would lose them: of these two only the
/// capture is killed.
/// </summary>
sealed class StandInStream : ILiveStream
{
    readonly KafkaServer _kafka;
    readonly string _folder;
    readonly int _port = FreePort.Take();
    Launch? _launch;
    EngineProcess? _capture;
    int _epoch;

    public StandInStream(string folder)
    {
        _folder = folder;
        _kafka = new KafkaServer(folder, FreePort.Take());
        Kills = new Dictionary<string, Func<Task>> { ["capture"] = KillCaptureAsync };
    }

    public Uri Connect => new($"http://127.0.0.1:{_port.ToString(CultureInfo.InvariantCulture)}");

    public string BootstrapServers => _kafka.BootstrapServers;

    public IReadOnlyDictionary<string, Func<Task>> Kills { get; }

    string State => Path.Combine(_folder, $"capture-{_epoch.ToString(CultureInfo.InvariantCulture)}");

    public Task StartAsync() => _kafka.StartAsync();

    public Task CreateTopicAsync(string topic, int partitions) => _kafka.CreateTopicAsync(topic, partitions);

    public Task<bool> TryAddPartitionAsync(string topic, int partitions) => Task.FromResult(false);

    public Task CaptureAsync(PostgresServer postgres, int epoch)
    {
        _epoch = epoch;
        _launch = Installed.Own(
            "local/Capture",
            "LocalCapture",
            "--postgres",
            postgres.ConnectionString(LiveStage.Database),
            "--kafka",
            BootstrapServers,
            "--heartbeat-action-query",
            Topics.WatermarkQuery,
            "--admin-port",
            _port.ToString(CultureInfo.InvariantCulture),
            "--epoch",
            epoch.ToString(CultureInfo.InvariantCulture),
            "--data",
            State
        );
        return StartCaptureAsync();
    }

    public Task<bool> TryRaiseEpochAsync(int epoch) => Task.FromResult(false);

    public Task<bool> TryReadAgainAsync(string table, bool beside, string? condition) => Task.FromResult(false);

    public Task<bool> HasStoredItsPositionAsync() => Task.FromResult(File.Exists(Path.Combine(State, "checkpoint.json")));

    public async Task StopCaptureAsync()
    {
        if (_capture is not null)
        {
            await _capture.StopAsync(TimeSpan.FromSeconds(20));
            await _capture.DisposeAsync();
            _capture = null;
        }
    }

    public async Task RestartCaptureAsync()
    {
        await StopCaptureAsync();
        await StartCaptureAsync();
    }

    public Task PauseCaptureAsync() => StopCaptureAsync();

    public Task ResumeCaptureAsync() => StartCaptureAsync();

    public Task StopOneBrokerAsync() => Task.CompletedTask;

    public async Task RefuseShortSessionsAsync()
    {
        using var http = new HttpClient();
        using var answer = await http.PostAsync(new Uri(_kafka.Admin, "/errors/JoinGroup?code=InvalidSessionTimeout&times=1000"), null);
        answer.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        await StopCaptureAsync();
        await _kafka.DisposeAsync();
    }

    async Task KillCaptureAsync()
    {
        await _capture!.KillAsync();
        await _capture.DisposeAsync();
        await StartCaptureAsync();
    }

    async Task StartCaptureAsync()
    {
        _capture = EngineProcess.Start("Capture", _launch!, Path.Combine(_folder, "logs", "capture.log"));
        await _capture.AnnouncedAsync("CAPTURE_URL", TimeSpan.FromSeconds(60));
    }
}
