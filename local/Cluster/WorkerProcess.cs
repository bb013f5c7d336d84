using System.Globalization;
using Betting.Local.Engines;

namespace Betting.Local.Cluster;

/// <summary>One replica of a worker, kept running: one that ends by itself is started again, as a supervisor would.</summary>
public sealed class WorkerProcess : IAsyncDisposable
{
    static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(5) };
    readonly Launch _launch;
    readonly string _log;
    readonly CancellationTokenSource _stopping = new();
    EngineProcess _process;
    Task _supervision = Task.CompletedTask;

    /// <param name="worker">Its project and assembly name.</param>
    /// <param name="replica">Counted from 1.</param>
    /// <param name="settings">Its configuration as environment variables.</param>
    /// <param name="logs">The folder for its log.</param>
    public WorkerProcess(string worker, int replica, IReadOnlyDictionary<string, string> settings, string logs)
    {
        Worker = worker;
        Name = $"{worker}-{replica.ToString(CultureInfo.InvariantCulture)}";
        Url = new Uri($"http://127.0.0.1:{FreePort.Take()}");
        _log = Path.Combine(logs, Name + ".log");
        _launch = Installed.Own($"workers/{worker}", worker) with
        {
            Environment = new Dictionary<string, string>(settings) { ["Http__Url"] = Url.ToString().TrimEnd('/') },
        };
        _process = EngineProcess.Start(Name, _launch, _log);
        _supervision = SuperviseAsync();
    }

    public string Worker { get; }
    public string Name { get; }

    /// <summary>Where it answers for health and metrics.</summary>
    public Uri Url { get; }

    public int ProcessId => _process.Id;

    /// <summary>How often it was started again.</summary>
    public int Restarts { get; private set; }

    public async Task<bool> IsReadyAsync()
    {
        try
        {
            using var answer = await Http.GetAsync(new Uri(Url, "/health/ready"));
            return answer.IsSuccessStatusCode;
        }
        catch (Exception notThere) when (notThere is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    /// <summary>What it says it waits for.</summary>
    public async Task<string> WhyNotReadyAsync()
    {
        try
        {
            using var answer = await Http.GetAsync(new Uri(Url, "/health/ready"));
            return await answer.Content.ReadAsStringAsync();
        }
        catch (Exception notThere) when (notThere is HttpRequestException or TaskCanceledException)
        {
            return notThere.Message;
        }
    }

    /// <summary>kill -9; the supervisor then starts it again.</summary>
    public void Kill() => _process.Send(Signal.Kill);

    /// <summary>SIGTERM, and time to finish the work in hand.</summary>
    /// <returns>Whether it ended by itself with exit code 0.</returns>
    public async Task<bool> StopAsync()
    {
        await _stopping.CancelAsync();
        await _supervision;
        return await _process.StopAsync(TimeSpan.FromSeconds(40)) && _process.ExitCode == 0;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _process.DisposeAsync();
        _stopping.Dispose();
    }

    async Task SuperviseAsync()
    {
        try
        {
            while (true)
            {
                while (!await _process.ExitedWithinAsync(Pause))
                {
                    _stopping.Token.ThrowIfCancellationRequested();
                }
                await Task.Delay(Pause, TimeProvider.System, _stopping.Token);
                await _process.DisposeAsync();
                _process = EngineProcess.Start(Name, _launch, _log);
                Restarts++;
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
        }
    }
}
