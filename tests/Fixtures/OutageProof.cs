using System.Globalization;
using System.Text.RegularExpressions;
using Betting.Local.Engines;

namespace Betting.Tests.Fixtures;

/// <summary>What a worker's log says about one outage, from its begin until the store is back.</summary>
/// <param name="Away">Lines that say that the store does not serve.</param>
/// <param name="Back">Lines that say that it serves again.</param>
/// <param name="Besides">All other warnings and errors.</param>
/// <param name="Traces">Lines of stack traces.</param>
public sealed record OutageLines(
    IReadOnlyList<string> Away,
    IReadOnlyList<string> Back,
    IReadOnlyList<string> Besides,
    IReadOnlyList<string> Traces
);

/// <summary>
/// Stops and starts a store under a worker's process, and looks at the worker as an operator does: log, readiness, metrics.
/// </summary>
/// <param name="http">The worker's address.</param>
/// <param name="log">Its log file, in the text format.</param>
public sealed partial class OutageProof(Uri http, string log)
{
    static readonly HttpClient Http = new();

    // Long enough for many attempts, of all loops.
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4),
        LeastAway = TimeSpan.FromSeconds(6),
        ApartBy = TimeSpan.FromSeconds(12);

    /// <summary>Returns what the log says when the worker is ready again.</summary>
    /// <param name="store">The store's name in logs and metrics.</param>
    /// <param name="condition">Its condition in readiness.</param>
    /// <param name="stop">Takes the store away.</param>
    /// <param name="start">Brings it back.</param>
    /// <exception cref="TimeoutException">Readiness or metrics did not say it.</exception>
    public async Task<OutageLines> RunAsync(string store, string condition, Func<Task> stop, Func<Task> start)
    {
        await Deadline.UntilAsync("readiness and metrics that say that all is well", Limit, () => IsWellAsync(store));
        if (Array.Exists(Lines(), line => IsAway(line, store)))
        {
            // The start was so slow that it was told; what follows at once would be part of that.
            var served = TimeProvider.System.GetTimestamp();
            await Deadline.UntilAsync("some time in service", Limit, async () =>
            {
                served = await IsWellAsync(store) ? served : TimeProvider.System.GetTimestamp();
                return TimeProvider.System.GetElapsedTime(served) > ApartBy;
            });
        }
        var before = Lines().Length;
        await stop();
        await Deadline.UntilAsync($"readiness and metrics that say that {store} is away", Limit, async () =>
            await IsReadyAsync() is (false, var why)
            && why.Contains($"\"{condition}\":", StringComparison.Ordinal)
            && await MetricAsync("worker_store_away_seconds", $"store=\"{store}\"") > LeastAway.TotalSeconds
            && await MetricAsync("worker_condition", $"condition=\"{condition}\"") == 0
            && await MetricAsync("worker_ready") == 0
        );
        await start();
        await Deadline.UntilAsync($"readiness and metrics that say that {store} is back", Limit, () => IsWellAsync(store));
        // The line follows the metric.
        await Deadline.UntilAsync("the line that says so", Limit, () =>
            Task.FromResult(Lines().Skip(before).Any(line => IsBack(line, store)))
        );
        var lines = Lines()[before..];
        return new OutageLines(
            [.. lines.Where(line => IsAway(line, store))],
            [.. lines.Where(line => IsBack(line, store))],
            [.. lines.Where(line => Trouble().IsMatch(line) && !IsAway(line, store))],
            [.. lines.Where(line => Trace().IsMatch(line))]
        );
    }

    /// <summary>Whether the worker is ready, and its reasons as JSON.</summary>
    public async Task<(bool IsReady, string Why)> IsReadyAsync()
    {
        using var answer = await Http.GetAsync(new Uri(http, "/health/ready"));
        return (answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>The sum of a metric's series that have all of these labels; null where there is none.</summary>
    public async Task<double?> MetricAsync(string name, params string[] labels)
    {
        var series = (await Http.GetStringAsync(new Uri(http, "/metrics")))
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

    /// <summary>What the worker has said so far.</summary>
    public string[] Lines()
    {
        using var reader = new StreamReader(new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    async Task<bool> IsWellAsync(string store) =>
        (await IsReadyAsync()).IsReady
        && await MetricAsync("worker_store_away_seconds", $"store=\"{store}\"") == 0
        && await MetricAsync("worker_ready") == 1;

    static bool IsAway(string line, string store) =>
        line.Contains($"{store} at ", StringComparison.Ordinal) && line.Contains(" does not serve this worker (", StringComparison.Ordinal);

    static bool IsBack(string line, string store) =>
        line.Contains($"{store} at ", StringComparison.Ordinal)
        && line.Contains(" serves this worker again, after ", StringComparison.Ordinal);

    // A line of a level from warning on.
    [GeneratedRegex(@"^\d\d:\d\d:\d\d\.\d{3} (WRN|ERR|FTL) ")]
    private static partial Regex Trouble();

    [GeneratedRegex(@"^\s+at .+\(|^\s*--->|Exception: ")]
    private static partial Regex Trace();
}
