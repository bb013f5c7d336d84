using System.Globalization;
using System.Net;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Worker;

/// <summary>The worker as a process, seen through its HTTP endpoint.</summary>
sealed class SinkProcess(EngineProcess process, Uri http) : IAsyncDisposable
{
    static readonly HttpClient Http = new();

    /// <summary>Arguments for a worker that answers at an address of its own.</summary>
    public static (string Setting, Uri Address) Listening()
    {
        var address = new Uri($"http://127.0.0.1:{FreePort.Take()}");
        return ($"--Http:Url={address.AbsoluteUri.TrimEnd('/')}", address);
    }

    /// <summary>Outages under this process.</summary>
    public OutageProof Outages => new(http, process.LogFile);

    public async Task<HttpStatusCode> StatusAsync(string path)
    {
        using var answer = await Http.GetAsync(new Uri(http, path));
        return answer.StatusCode;
    }

    /// <summary>What is there whatever the status.</summary>
    public async Task<string> BodyAsync(string path)
    {
        using var answer = await Http.GetAsync(new Uri(http, path));
        return await answer.Content.ReadAsStringAsync();
    }

    /// <summary>The sum of a metric's series that have all of these labels; null where there is none.</summary>
    public async Task<double?> MetricAsync(string name, params string[] labels)
    {
        var series = (await BodyAsync("/metrics"))
            .Split('\n')
            .Where(line =>
                line.StartsWith(name + "{", StringComparison.Ordinal) && labels.All(label => line.Contains(label, StringComparison.Ordinal))
            )
            .Select(line =>
                double.Parse(
                    line[(line.LastIndexOf('}') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0],
                    CultureInfo.InvariantCulture
                )
            )
            .ToList();
        return series.Count == 0 ? null : series.Sum();
    }

    public async Task<(int ExitCode, string Said)> EndedAsync()
    {
        Assert.True(await process.ExitedWithinAsync(TimeSpan.FromSeconds(120)), "the worker did not end");
        using var log = new StreamReader(new FileStream(process.LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return (process.ExitCode, await log.ReadToEndAsync());
    }

    public string LogFile => process.LogFile;

    public ValueTask DisposeAsync() => process.DisposeAsync();
}
