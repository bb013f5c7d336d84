using System.Globalization;
using Betting.Local.Engines;

namespace Betting.Local.Bench.Parts.CdcSink;

/// <summary>The worker as it is shipped, as a process of its own.</summary>
sealed class SinkWorker : IAsyncDisposable
{
    readonly EngineProcess _process;

    SinkWorker(EngineProcess process) => _process = process;

    public int ProcessId => _process.Id;

    public static SinkWorker Start(SinkStage stage, SinkDatabase database)
    {
        var launch = Installed.Own("workers/CdcSink", "CdcSink") with
        {
            Environment = new Dictionary<string, string>
            {
                ["ClickHouse__ConnectionString"] = database.ConnectionString,
                ["Kafka__BootstrapServers"] = stage.KafkaBootstrap,
                // The local broker wakes a waiting fetch only when its wait ends.
                ["Kafka__Client__fetch.wait.max.ms"] = "10",
                ["Kafka__Client__session.timeout.ms"] = "6000",
                ["Http__Url"] = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{FreePort.Take()}"),
                ["Logs__Format"] = "text",
            },
        };
        return new SinkWorker(EngineProcess.Start("CdcSink", launch, Path.Combine(stage.Logs, "cdcsink.log")));
    }

    /// <summary>Waits until so many records are visible.</summary>
    /// <returns>How many were, and when the last of them became so, in seconds.</returns>
    /// <exception cref="EngineException">The worker ended.</exception>
    public async Task<(long Records, double At)> VisibleAsync(SinkDatabase database, long records, TimeSpan limit, CancellationToken cancellation)
    {
        var progress = (Records: 0L, At: 0.0);
        await Deadline.UntilAsync($"{records:N0} records visible", limit, async () =>
        {
            if (_process.HasExited)
            {
                throw new EngineException(_process, "ended");
            }
            progress = await database.ProgressAsync(cancellation);
            return progress.Records >= records;
        }, cancellation);
        return progress;
    }

    /// <summary>Resident memory in MB (10⁶ bytes): now, and at its highest.</summary>
    public (double Now, double Highest) Memory() => Measure.ResidentMemory.Of(_process.Id);

    public async ValueTask DisposeAsync()
    {
        await _process.StopAsync(TimeSpan.FromSeconds(40));
        await _process.DisposeAsync();
    }
}
