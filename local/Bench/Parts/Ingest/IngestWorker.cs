using System.Globalization;
using Betting.Local.Engines;

namespace Betting.Local.Bench.Parts.Ingest;

/// <summary>The worker as it is shipped, as a process of its own with one door open.</summary>
sealed class IngestWorker : IAsyncDisposable
{
    readonly EngineProcess _process;

    IngestWorker(EngineProcess process) => _process = process;

    public int ProcessId => _process.Id;

    public const string Kafka = "kafka",
        RabbitMq = "rabbitmq";

    /// <param name="door">The one that is opened.</param>
    public static IngestWorker Start(IngestStage stage, BenchDatabase database, string door)
    {
        var launch = Installed.Own("workers/Ingest", "Ingest") with
        {
            Environment = new Dictionary<string, string>
            {
                ["Postgres__ConnectionString"] = database.IngestConnection,
                ["Ingest__Doors"] = door,
                ["RabbitMq__Uri"] = stage.RabbitUri,
                ["Kafka__BootstrapServers"] = stage.KafkaBootstrap.Length > 0 ? stage.KafkaBootstrap : "127.0.0.1:1",
                // The local broker wakes a waiting fetch only when its wait ends.
                ["Kafka__Client__fetch.wait.max.ms"] = "3",
                ["Kafka__Client__session.timeout.ms"] = "6000",
                ["Http__Url"] = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{FreePort.Take()}"),
                ["Logs__Format"] = "text",
            },
        };
        return new IngestWorker(EngineProcess.Start("Ingest", launch, Path.Combine(stage.Logs, "ingest.log")));
    }

    /// <summary>Waits for a condition while the worker lives.</summary>
    /// <exception cref="EngineException">It ended.</exception>
    public Task UntilAsync(string what, TimeSpan limit, Func<Task<bool>> condition, CancellationToken cancellation) =>
        Deadline.UntilAsync(
            what,
            limit,
            async () => _process.HasExited ? throw new EngineException(_process, "ended") : await condition(),
            cancellation
        );

    /// <summary>Resident memory in MB (10⁶ bytes): now, and at its highest.</summary>
    public (double Now, double Highest) Memory() => Measure.ResidentMemory.Of(_process.Id);

    public async ValueTask DisposeAsync()
    {
        await _process.StopAsync(TimeSpan.FromSeconds(40));
        await _process.DisposeAsync();
    }
}
