using System.Globalization;
using Betting.Contracts;

namespace Betting.CdcSink.Connector;

/// <summary>What the sink needs of the connector's settings (docs/cdcsink.md, "What the connector needs"). Pure.</summary>
static class ConnectorRules
{
    // An absent setting has the connector's default.
    static readonly (string Setting, string Default, string[] Right, string Consequence)[] Values =
    [
        ("skipped.operations", "t", ["none"],
            "changes of these operations are not sent (t is TRUNCATE, and Debezium's default); it has to be none"),
        ("errors.tolerance", "none", ["none"],
            "Kafka Connect drops records that it cannot convert or send, such as those above max.request.size; it has to be none"),
        ("event.processing.failure.handling.mode", "fail", ["fail"], "Debezium skips changes that it cannot process; it has to be fail"),
        ("slot.drop.on.stop", "false", ["false"], "what is committed while the connector is stopped is not sent; it has to be false"),
        ("producer.override.acks", "all", ["all", "-1"],
            "records are lost with a broker although Kafka Connect takes them for sent; it has to be all"),
        ("unavailable.value.placeholder", "__debezium_unavailable_value", ["__debezium_unavailable_value"],
            "the placeholder is shown as a value; it has to be Debezium's default"),
        ("publication.name", "dbz_publication", [Topics.Publication],
            $"changes of that publication are not noticed; it has to be {Topics.Publication}"),
    ];

    /// <summary>One line for each setting under which rows can be missing or wrong without a sign.</summary>
    /// <param name="config">The connector's settings, as Kafka Connect answers them.</param>
    public static IReadOnlyList<string> WhatIsBroken(IReadOnlyDictionary<string, string> config) =>
    [
        .. Values.Select(rule => (Rule: rule, Has: config.GetValueOrDefault(rule.Setting, rule.Default).Trim()))
            .Where(each => !each.Rule.Right.Contains(each.Has, StringComparer.OrdinalIgnoreCase))
            .Select(each => $"{each.Rule.Setting} is {(each.Has.Length == 0 ? "empty" : each.Has)}: {each.Rule.Consequence}"),
        .. Heartbeats(config),
        .. ConnectorFilters.WhatIsBroken(config),
        .. ConnectorTransforms.WhatIsBroken(config),
    ];

    static IEnumerable<string> Heartbeats(IReadOnlyDictionary<string, string> config)
    {
        var given = config.GetValueOrDefault("heartbeat.interval.ms", "0");
        if (!int.TryParse(given, NumberStyles.Integer, CultureInfo.InvariantCulture, out var interval) || interval <= 0)
        {
            yield return "heartbeat.interval.ms is not above 0: no watermark is written, and data_as_of stands still";
        }
        if (Words(config.GetValueOrDefault("heartbeat.action.query", "")) != Words(Topics.WatermarkQuery))
        {
            yield return "heartbeat.action.query is not that of this version (compose/debezium-connector.json): changes of the publication, "
                + "of the tables' definitions and of PostgreSQL's history are not noticed";
        }
    }

    static string Words(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
