using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Betting.Local.Capture;

/// <summary>
/// The status HTTP: <c>/health</c>, <c>/status</c> for people and programs, <c>/metrics</c> for Prometheus, and of Kafka Connect's REST
/// interface the stored offsets and the settings.
/// </summary>
static class StatusEndpoints
{
    public static void MapStatus(this WebApplication app, CaptureStatus status, CaptureOptions options)
    {
        // As Kafka Connect answers: a position is there once all records before it are acknowledged, and none before the snapshot is
        // complete.
        app.MapGet("/connectors/{name}/offsets", () =>
            Results.Json(
                new
                {
                    offsets = status.ConfirmedLsn == 0
                        ? []
                        : new[] { new { partition = new { server = options.Prefix }, offset = new { lsn = status.ConfirmedLsn } } },
                }
            )
        );
        app.MapGet("/connectors/{name}/config", (string name) => Results.Json(ConnectorConfig.Of(options, name)));
        app.MapGet("/health", () =>
            Results.Json(
                new { phase = Name(status.Phase), error = status.Phase == Phase.Waiting ? status.LastError : null },
                statusCode: status.Phase is Phase.Snapshot or Phase.Streaming
                    ? StatusCodes.Status200OK
                    : StatusCodes.Status503ServiceUnavailable
            )
        );
        app.MapGet("/status", () => Results.Json(
                new
                {
                    kind = "stand-in for the Debezium PostgreSQL connector",
                    phase = Name(status.Phase),
                    readLsn = status.ReadLsn,
                    confirmedLsn = status.ConfirmedLsn,
                    commitMicros = status.CommitMicros,
                    lagMs = status.LagMs,
                    underWay = status.UnderWay,
                    snapshots = status.Snapshots,
                    restarts = status.Restarts,
                    lastError = status.LastError,
                    sent = status.SentByTopic.ToDictionary(sent => sent.Topic, sent => sent.Records),
                }
            ));
        app.MapGet("/metrics", () => Results.Text(Metrics(status), "text/plain; version=0.0.4"));
    }

    static string Metrics(CaptureStatus status)
    {
        var text = new StringBuilder();
        text.Append("# TYPE capture_records_sent_total counter\n");
        foreach (var (topic, records) in status.SentByTopic)
            Add($"capture_records_sent_total{{topic=\"{topic}\"}}", records);
        Gauge("capture_lag_seconds", status.LagMs / 1000);
        Gauge("capture_read_lsn", status.ReadLsn);
        Gauge("capture_confirmed_lsn", status.ConfirmedLsn);
        Gauge("capture_records_under_way", status.UnderWay);
        Gauge("capture_streaming", status.Phase == Phase.Streaming ? 1 : 0);
        Gauge("capture_snapshots", status.Snapshots);
        Gauge("capture_restarts", status.Restarts);
        return text.ToString();

        void Gauge(string name, double value)
        {
            text.Append(CultureInfo.InvariantCulture, $"# TYPE {name} gauge\n");
            Add(name, value);
        }

        void Add(string name, double value) => text.Append(CultureInfo.InvariantCulture, $"{name} {value}\n");
    }

    static string Name(Phase phase) => phase.ToString().ToLowerInvariant();
}
