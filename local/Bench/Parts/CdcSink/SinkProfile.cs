using System.Globalization;
using Betting.Local.Bench.Measure;

namespace Betting.Local.Bench.Parts.CdcSink;

/// <summary>
/// Where the time of one measurement went: processor time a change by process, and the worker's stages. Only with <c>--profile</c>.
/// </summary>
sealed class SinkProfile
{
    readonly SinkWorker _worker;
    readonly ProcessorTime _time;
    readonly Dictionary<string, (double Count, double Sum)> _before;

    SinkProfile(SinkWorker worker, ProcessorTime time, Dictionary<string, (double Count, double Sum)> before) =>
        (_worker, _time, _before) = (worker, time, before);

    public static async Task<SinkProfile> BeginAsync(SinkStage stage, SinkWorker worker, CancellationToken cancellation) =>
        new(
            worker,
            new ProcessorTime(new Dictionary<string, int>(stage.Processes) { ["worker"] = worker.ProcessId }),
            await worker.StagesAsync(cancellation)
        );

    /// <param name="run">Told, where it is to be.</param>
    /// <param name="changes">So many since the beginning.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task TellAsync(BenchRun run, long changes, CancellationToken cancellation)
    {
        if (!run.Profile)
        {
            return;
        }
        run.Say(
            $"  processor µs a change: "
                + $"{string.Join(", ", _time.Since().Select(each => string.Create(CultureInfo.InvariantCulture, $"{each.Key} {each.Value * 1e6 / changes:F1}")))}"
        );
        run.Say(
            $"  stages: {string.Join(", ", (await _worker.StagesAsync(cancellation)).Select(each => (each.Key, Count: each.Value.Count - _before.GetValueOrDefault(each.Key).Count, Sum: each.Value.Sum - _before.GetValueOrDefault(each.Key).Sum))
            .Select(each => string.Create(CultureInfo.InvariantCulture, $"{each.Key} {each.Count:F0} × {each.Sum / Math.Max(1, each.Count):F3}")))}"
        );
    }
}
