using System.Globalization;
using System.Text.RegularExpressions;
using Betting.Local.Engines;

namespace Betting.Local.Bench.Parts.CdcSink;

/// <summary>The worker as it is shipped, as a process of its own.</summary>
sealed partial class SinkWorker : IAsyncDisposable
{
    static readonly HttpClient Http = new();
    readonly EngineProcess _process;
    readonly Uri _address;

    SinkWorker(EngineProcess process, Uri address) => (_process, _address) = (process, address);

    public int ProcessId => _process.Id;

    public static SinkWorker Start(SinkStage stage, SinkDatabase database)
    {
        var address = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{FreePort.Take()}"));
        var launch = Installed.Own("workers/CdcSink", "CdcSink") with
        {
            Environment = new Dictionary<string, string>
            {
                ["ClickHouse__ConnectionString"] = database.ConnectionString,
                ["Kafka__BootstrapServers"] = stage.KafkaBootstrap,
                // The local broker wakes a waiting fetch only when its wait ends.
                ["Kafka__Client__fetch.wait.max.ms"] = "10",
                ["Kafka__Client__session.timeout.ms"] = "6000",
                ["CdcSink__RebalanceWait"] = "00:00:03",
                ["Http__Url"] = address.ToString(),
                ["Logs__Format"] = "text",
            },
        };
        return new SinkWorker(EngineProcess.Start("CdcSink", launch, Path.Combine(stage.Logs, "cdcsink.log")), address);
    }

    /// <summary>Waits until so many records are visible.</summary>
    /// <returns>How many were, and when the last of them became so, in seconds.</returns>
    /// <exception cref="EngineException">The worker ended.</exception>
    public async Task<(long Records, double At)> VisibleAsync(
        SinkDatabase database,
        long records,
        TimeSpan limit,
        CancellationToken cancellation
    )
    {
        var progress = (Records: 0L, At: 0.0);
        await Deadline.UntilAsync(
            $"{records:N0} records visible",
            limit,
            async () =>
            {
                if (_process.HasExited)
                {
                    throw new EngineException(_process, "ended");
                }
                progress = await database.ProgressAsync(cancellation);
                return progress.Records >= records;
            },
            cancellation
        );
        return progress;
    }

    /// <summary>
    /// By stage: how often it ran since the start, and how many seconds in all; and the records of all batches under <c>records</c>.
    /// </summary>
    public async Task<Dictionary<string, (double Count, double Sum)>> StagesAsync(CancellationToken cancellation)
    {
        var stages = new Dictionary<string, (double Count, double Sum)>(StringComparer.Ordinal);
        foreach (var line in (await Http.GetStringAsync(new Uri(_address, "/metrics"), cancellation)).Split('\n'))
        {
            if (StageLine().Match(line) is { Success: true } match)
            {
                var name = match.Groups["stage"].Success ? match.Groups["stage"].Value : "records";
                var (value, known) = (
                    double.Parse(match.Groups["value"].Value, CultureInfo.InvariantCulture),
                    stages.GetValueOrDefault(name)
                );
                stages[name] = match.Groups["what"].Value == "sum" ? known with { Sum = value } : known with { Count = value };
            }
        }
        return stages;
    }

    /// <summary>Bets joined since the start; one that two batches touch counts twice.</summary>
    public async Task<double> JoinedAsync(CancellationToken cancellation) =>
        double.Parse(
            JoinedLine().Match(await Http.GetStringAsync(new Uri(_address, "/metrics"), cancellation)).Groups["value"].Value,
            CultureInfo.InvariantCulture
        );

    /// <summary>The lag of all changes of these topics since the worker's start.</summary>
    public async Task<LagHistogram> LagAsync(string topic, CancellationToken cancellation) =>
        LagHistogram.Read(await Http.GetStringAsync(new Uri(_address, "/metrics"), cancellation), topic);

    /// <summary>Resident memory in MB (10⁶ bytes): now, and at its highest.</summary>
    public (double Now, double Highest) Memory() => Measure.ResidentMemory.Of(_process.Id);

    public async ValueTask DisposeAsync()
    {
        await _process.StopAsync(TimeSpan.FromSeconds(40));
        await _process.DisposeAsync();
    }

    [GeneratedRegex(
        """^cdcsink_(?:stage_duration_seconds|batch_records)_(?<what>sum|count)\{.*?(?:stage="(?<stage>[^"]+)".*?)?\} (?<value>\S+)"""
    )]
    private static partial Regex StageLine();

    [GeneratedRegex("""^cdcsink_joined_bets_total(?:\{.*?\})? (?<value>\S+)""", RegexOptions.Multiline)]
    private static partial Regex JoinedLine();
}
