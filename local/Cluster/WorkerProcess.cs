using System.Globalization;
using Betting.Local.Engines;

namespace Betting.Local.Cluster;

/// <summary>One replica of a worker, kept running: one that ends by itself is started again, as a supervisor would.</summary>
public sealed class WorkerProcess : IAsyncDisposable
{
    static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(40);
    static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(5) };
    readonly SupervisedProcess _process;

    /// <param name="worker">Its project and assembly name.</param>
    /// <param name="replica">Counted from 1.</param>
    /// <param name="settings">Its configuration as environment variables.</param>
    /// <param name="logs">The folder for its log.</param>
    /// <param name="say">Told each time it has ended by itself.</param>
    public WorkerProcess(string worker, int replica, IReadOnlyDictionary<string, string> settings, string logs, Action<string> say)
    {
        Worker = worker;
        Name = $"{worker}-{replica.ToString(CultureInfo.InvariantCulture)}";
        Url = new Uri($"http://127.0.0.1:{FreePort.Take()}");
        var launch = Installed.Own($"workers/{worker}", worker) with
        {
            Environment = new Dictionary<string, string>(settings) { ["Http__Url"] = Url.ToString().TrimEnd('/') },
        };
        _process = new SupervisedProcess(Name, launch, Path.Combine(logs, Name + ".log"), say);
    }

    public string Worker { get; }
    public string Name { get; }

    /// <summary>Where it answers for health and metrics.</summary>
    public Uri Url { get; }

    public int ProcessId => _process.ProcessId;

    /// <summary>How often it was started again.</summary>
    public int Restarts => _process.Restarts;

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
    public void Kill() => _process.Kill();

    /// <summary>SIGTERM, and time to finish the work in hand.</summary>
    /// <returns>Whether it ended by itself with exit code 0.</returns>
    public Task<bool> StopAsync() => _process.StopAsync(DrainLimit);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _process.DisposeAsync();
    }
}
