using System.Globalization;

namespace Betting.Local.Capture;

/// <summary>
/// What Kafka Connect would answer for a connector that does what the stand-in does: settings of compose/debezium-connector.json.
/// </summary>
static class ConnectorConfig
{
    /// <param name="options">What is captured.</param>
    /// <param name="name">The connector's name, as it is asked for.</param>
    public static Dictionary<string, string> Of(CaptureOptions options, string name) =>
        new()
        {
            ["name"] = name,
            ["connector.class"] = "stand-in for the Debezium PostgreSQL connector",
            ["topic.prefix"] = options.Prefix,
            ["table.include.list"] = string.Join(',', options.Tables),
            ["publication.name"] = options.Publication,
            ["slot.name"] = options.Slot,
            ["decimal.handling.mode"] = "string",
            ["tombstones.on.delete"] = "true",
            ["skipped.operations"] = "none",
            ["provide.transaction.metadata"] = "true",
            ["heartbeat.interval.ms"] = ((long)options.Heartbeat.TotalMilliseconds).ToString(CultureInfo.InvariantCulture),
            ["heartbeat.action.query"] = options.HeartbeatActionQuery,
            ["transforms"] = "epoch",
            ["transforms.epoch.type"] = "org.apache.kafka.connect.transforms.InsertHeader",
            ["transforms.epoch.header"] = "epoch",
            ["transforms.epoch.value.literal"] = options.Epoch.ToString(CultureInfo.InvariantCulture),
        };
}
