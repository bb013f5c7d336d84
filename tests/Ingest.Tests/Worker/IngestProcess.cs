using System.Globalization;
using System.Net;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;

namespace Betting.Tests.Ingest.Worker;

/// <summary>The worker as a process of its own, so that it can be killed.</summary>
sealed class IngestProcess : IAsyncDisposable
{
    static readonly HttpClient Http = new();
    readonly EngineProcess _process;
    readonly Uri _http;

    IngestProcess(EngineProcess process, Uri http) => (_process, _http) = (process, http);

    public static IngestProcess Start(string folder, params string[] settings)
    {
        var http = new Uri($"http://127.0.0.1:{FreePort.Take()}");
        var launch = Installed.Own(
            "workers/Ingest",
            "Ingest",
            ["--Logs:Format=text", .. settings, $"--Http:Url={http.AbsoluteUri.TrimEnd('/')}"]
        );
        // Each process has a log of its own: tests read what one of them said.
        return new IngestProcess(
            EngineProcess.Start("Ingest", launch, Path.Combine(folder, "logs", $"ingest-{Guid.NewGuid():N}.log")),
            http
        );
    }

    /// <summary>Runs one of the worker's verbs to its end; its log tells what it printed.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(string folder, params string[] arguments)
    {
        var log = Path.Combine(folder, "logs", $"verb-{Guid.NewGuid():N}.log");
        await using var process = EngineProcess.Start("Ingest", Installed.Own("workers/Ingest", "Ingest", arguments), log);
        Assert.True(await process.ExitedWithinAsync(TimeSpan.FromMinutes(3)), "the verb did not end");
        return (process.ExitCode, await File.ReadAllTextAsync(log));
    }

    public Task ReadyAsync() =>
        Deadline.UntilAsync("readiness of Ingest", TimeSpan.FromSeconds(60), async () =>
            await StatusAsync("/health/ready") == HttpStatusCode.OK
        );

    public async Task<HttpStatusCode> StatusAsync(string path)
    {
        Assert.False(
            _process.HasExited,
            $"Ingest ended; see {_process.LogFile}: "
                + $"{File.ReadAllText(_process.LogFile)[^Math.Min(2000, (int)new FileInfo(_process.LogFile).Length)..]}"
        );
        using var answer = await Http.GetAsync(new Uri(_http, path));
        return answer.StatusCode;
    }

    public Task<string> ReadAsync(string path) => Http.GetStringAsync(new Uri(_http, path));

    /// <summary>What is there whatever the status.</summary>
    public async Task<string> BodyAsync(string path)
    {
        using var answer = await Http.GetAsync(new Uri(_http, path));
        return await answer.Content.ReadAsStringAsync();
    }

    /// <summary>The sum of a metric's series that have all of these labels, as the page has it now.</summary>
    public async Task<double> MetricAsync(string name, params string[] labels) =>
        (await BodyAsync("/metrics"))
            .Split('\n')
            .Where(line =>
                line.StartsWith(name + "{", StringComparison.Ordinal) && labels.All(label => line.Contains(label, StringComparison.Ordinal))
            )
            .Sum(line =>
                double.Parse(
                    line[(line.LastIndexOf('}') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0],
                    CultureInfo.InvariantCulture
                )
            );

    /// <summary>Outages under this process.</summary>
    public OutageProof Outages => new(_http, _process.LogFile);

    /// <summary>What this process has said so far.</summary>
    public string Log => Read(_process.LogFile);

    /// <summary>The exit code of a process that ends by itself.</summary>
    public async Task<int> EndedAsync()
    {
        Assert.True(await _process.ExitedWithinAsync(TimeSpan.FromSeconds(60)), "Ingest did not end");
        return _process.ExitCode;
    }

    /// <summary>The largest resident memory of the process so far, in bytes.</summary>
    public long PeakMemory() =>
        1024
        * long.Parse(
            File.ReadLines($"/proc/{_process.Id}/status")
                .Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture
        );

    /// <summary>SIGSTOP and SIGCONT.</summary>
    public void Pause() => Assert.True(Signal.Stop.SendTo(_process.Id));

    public void Resume() => Assert.True(Signal.Continue.SendTo(_process.Id));

    public Task KillAsync() => _process.KillAsync();

    /// <summary>SIGTERM; the exit code after the drain.</summary>
    public async Task<int> StopAsync()
    {
        // Its own limit is 30 s; a slow machine takes time to end besides.
        Assert.True(await _process.StopAsync(TimeSpan.FromSeconds(45)), "Ingest did not drain in 45 s");
        return _process.ExitCode;
    }

    static string Read(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
