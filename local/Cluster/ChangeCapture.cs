using System.Globalization;
using Betting.Contracts;
using Betting.Local.Engines;

namespace Betting.Local.Cluster;

/// <summary>What turns PostgreSQL's log into change events: the stand-in, or Debezium where Kafka Connect was given.</summary>
public sealed class ChangeCapture : IAsyncDisposable
{
    readonly EngineProcess? _standIn;
    readonly DebeziumConnector? _connector;

    ChangeCapture(EngineProcess? standIn, DebeziumConnector? connector)
    {
        _standIn = standIn;
        _connector = connector;
    }

    public int ProcessId => _standIn?.Id ?? 0;

    public static async Task<ChangeCapture> StartAsync(EngineSet engines, DataFolder folder, ClusterOptions options, int epoch, bool anew)
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
        var launch = Installed.Own("local/Capture", "LocalCapture",
            "--postgres", engines.Postgres.ConnectionString(EngineSet.Database),
            "--kafka", engines.KafkaBootstrap,
            "--prefix", ChangeTopics.DefaultPrefix,
            "--epoch", epoch.ToString(CultureInfo.InvariantCulture),
            "--data", state);
        var process = EngineProcess.Start("Capture", launch, folder.In("logs/capture.log"));
        await process.AnnouncedAsync("CAPTURE_URL", TimeSpan.FromSeconds(60));
        return new ChangeCapture(process, null);
    }

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
