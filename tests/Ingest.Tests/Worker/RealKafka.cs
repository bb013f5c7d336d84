using System.Globalization;
using Betting.Local.Engines;

namespace Betting.Tests.Ingest.Worker;

/// <summary>Apache Kafka, started by the test with the programs <c>start</c> and <c>stop</c> in the folder that REAL_KAFKA names.</summary>
/// <param name="tools">That folder.</param>
/// <param name="data">Where it keeps its records, and the process id of each broker.</param>
/// <param name="log">Of both programs.</param>
sealed class RealKafka(string tools, string data, string log) : IAsyncDisposable
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    public string Bootstrap { get; private set; } = "";

    public string Data => data;

    public string Log => log;

    /// <summary>Null where REAL_KAFKA names no folder.</summary>
    public static async Task<RealKafka?> StartAsync(Stage stage, int brokers = 1)
    {
        if (Environment.GetEnvironmentVariable("REAL_KAFKA") is not { Length: > 0 } tools)
        {
            return null;
        }
        var port = FreePort.Take().ToString(CultureInfo.InvariantCulture);
        var kafka = new RealKafka(
            tools,
            Path.Combine(stage.Folder, $"real-kafka-{port}"),
            Path.Combine(stage.Folder, "logs", "real-kafka.log")
        );
        await using var start = EngineProcess.Start(
            "real Kafka's start",
            new Launch(
                Path.Combine(tools, "start"),
                [kafka.Data, "--kafka-port", port, "--brokers", brokers.ToString(CultureInfo.InvariantCulture), "--no-connect"]
            ),
            kafka.Log
        );
        kafka.Bootstrap = await start.AnnouncedAsync("KAFKA_BOOTSTRAP", Limit);
        return kafka;
    }

    public async ValueTask DisposeAsync()
    {
        await using var stop = EngineProcess.Start("real Kafka's stop", new Launch(Path.Combine(tools, "stop"), [data, "--kill"]), log);
        await stop.ExitedWithinAsync(Limit);
    }
}
