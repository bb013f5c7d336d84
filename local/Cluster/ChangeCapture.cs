using System.Globalization;
using Betting.Contracts;
using Betting.Local.Engines;

namespace Betting.Local.Cluster;

/// <summary>What turns PostgreSQL's log into change events: the stand-in, or Debezium where Kafka Connect was given.</summary>
public sealed class ChangeCapture : IAsyncDisposable
{
    readonly SupervisedProcess? _standIn;
    readonly DebeziumConnector? _connector;

    ChangeCapture(SupervisedProcess? standIn, DebeziumConnector? connector)
    {
        _standIn = standIn;
        _connector = connector;
    }

    /// <summary>Where the stand-in answers for its status; empty for Debezium.</summary>
    public string Address { get; private init; } = "";

    public int ProcessId => _standIn?.ProcessId ?? 0;

    /// <param name="engines">PostgreSQL and the broker.</param>
    /// <param name="folder">For the stand-in's progress and log.</param>
    /// <param name="options">Say whether a Kafka Connect was given.</param>
    /// <param name="epoch">Generation of the PostgreSQL cluster.</param>
    /// <param name="anew">What the stand-in knew is forgotten: it takes a new snapshot.</param>
    /// <param name="say">Told each time the stand-in has ended by itself.</param>
    public static async Task<ChangeCapture> StartAsync(
        EngineSet engines,
        DataFolder folder,
        ClusterOptions options,
        int epoch,
        bool anew,
        Action<string> say
    )
    {
        if (options.ConnectUrl is { } connect)
        {
            var connector = new DebeziumConnector(connect, engines.Postgres.Port, epoch);
            await connector.RegisterAsync();
            return new ChangeCapture(null, connector);
        }
        var state = folder.In("capture");
        if (anew && Directory.Exists(state))
        {
            Directory.Delete(state, recursive: true);
        }
        var launch = Installed.Own(
            "local/Capture",
            "LocalCapture",
            "--postgres",
            engines.Postgres.ConnectionString(EngineSet.Database),
            "--kafka",
            engines.KafkaBootstrap,
            "--prefix",
            ChangeTopics.DefaultPrefix,
            "--heartbeat-action-query",
            Topics.WatermarkQuery,
            "--admin-port",
            engines.CapturePort.ToString(CultureInfo.InvariantCulture),
            "--epoch",
            epoch.ToString(CultureInfo.InvariantCulture),
            "--data",
            state
        );
        var process = new SupervisedProcess("Capture", launch, folder.In("logs/capture.log"), say);
        try
        {
            return new ChangeCapture(process, null) { Address = await process.AnnouncedAsync("CAPTURE_URL", TimeSpan.FromSeconds(60)) };
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    public void Kill() => _standIn?.Kill();

    public async ValueTask DisposeAsync()
    {
        if (_standIn is not null)
        {
            await _standIn.StopAsync(TimeSpan.FromSeconds(15));
            await _standIn.DisposeAsync();
        }
        if (_connector is not null)
        {
            await _connector.StopAsync();
        }
    }
}
