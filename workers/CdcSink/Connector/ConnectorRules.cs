using System.Globalization;
using Betting.Contracts;

namespace Betting.CdcSink.Connector;

/// <summary>What the sink needs of the connector's settings (docs/cdcsink.md, "What the connector needs"). Pure.</summary>
static class ConnectorRules
{
    // An absent setting has the connector's default. Debezium and Kafka Connect ignore the case of these.
    static readonly (string Setting, string Default, string[] Right, string Consequence)[] Values =
    [
        (
            "skipped.operations",
            "t",
            ["none"],
            "changes of these operations are not sent (t is TRUNCATE, and Debezium's default); it has to be none"
        ),
        (
            "errors.tolerance",
            "none",
            ["none"],
            "Kafka Connect drops records that it cannot convert or send, such as those above max.request.size; it has to be none"
        ),
        ("event.processing.failure.handling.mode", "fail", ["fail"], "Debezium skips changes that it cannot process; it has to be fail"),
        ("slot.drop.on.stop", "false", ["false"], "what is committed while the connector is stopped is not sent; it has to be false"),
        (
            "producer.override.acks",
            "all",
            ["all", "-1"],
            "records are lost with a broker although Kafka Connect takes them for sent; it has to be all"
        ),
        (
            "snapshot.isolation.mode",
            "serializable",
            ["serializable", "repeatable_read"],
            "a snapshot reads each table, or each row, as of another moment; it has to be serializable or repeatable_read"
        ),
        ("snapshot.query.mode", "select_all", ["select_all"], "a snapshot reads what a class selects; it has to be select_all"),
        (
            "offset.mismatch.strategy",
            "no_validation",
            ["no_validation", "trust_offset"],
            "what the slot has passed is not sent, without a sign; it has to be no_validation or trust_offset"
        ),
        ("snapshot.locking.mode", "none", ["none", "shared"], "a class locks what a snapshot reads; it has to be none or shared"),
        ("snapshot.max.threads", "1", ["1"], "the threads of a snapshot may read the tables as of different moments; it has to be 1"),
        ("post.processors", "", [""], "they change the values of records, such as to those of a later moment; it has to be empty"),
        ("converters", "", [""], "they change values to what a class makes of them; it has to be empty"),
        ("slot.stream.params", "", [""], "the plugin leaves out changes or messages, such as those of an origin; it has to be empty"),
        (
            "producer.override.bootstrap.servers",
            "",
            [""],
            "records go to another cluster than the one that Kafka Connect uses; it has to be empty"
        ),
    ];

    // The sink compares them with what comes, byte by byte.
    static readonly (string Setting, string Default, string Right, string Consequence)[] ExactValues =
    [
        (
            "unavailable.value.placeholder",
            "__debezium_unavailable_value",
            "__debezium_unavailable_value",
            "the placeholder is shown as a value; it has to be Debezium's default"
        ),
        (
            "publication.name",
            "dbz_publication",
            Topics.Publication,
            $"changes of that publication are not noticed; it has to be {Topics.Publication}"
        ),
        ("topic.naming.strategy", Naming, Naming, $"records go to topics that the sink does not read; it has to be {Naming}"),
        ("topic.delimiter", ".", ".", "records go to topics that the sink does not read; it has to be a full stop"),
        ("sourceinfo.struct.maker", SourceInfo, SourceInfo, $"records may lack their position or their time; it has to be {SourceInfo}"),
        ("transaction.metadata.factory", Transactions, Transactions, $"records may lack their transaction; it has to be {Transactions}"),
    ];

    // Half of the time by which a change has to be older than reads for them to be later ones; see SnapshotStore.HasStreamedBeforeAsync.
    const long LongestDelay = 30_000;

    static readonly string[] WrongModes = ["custom", "always", "configuration_based"];

    const string Naming = "io.debezium.schema.SchemaTopicNamingStrategy",
        SourceInfo = "io.debezium.connector.postgresql.PostgresSourceInfoStructMaker",
        Transactions = "io.debezium.pipeline.txmetadata.DefaultTransactionMetadataFactory";

    /// <summary>One for each setting under which rows can be missing or wrong without a sign, or of which that is not known.</summary>
    /// <param name="config">The connector's settings, as Kafka Connect answers them.</param>
    public static IReadOnlyList<ConnectorFinding> Judge(IReadOnlyDictionary<string, string> config) =>
        [
            .. Values.SelectMany(rule =>
                Judge(
                    config,
                    rule.Setting,
                    rule.Default,
                    value => rule.Right.Contains(value.Trim(), StringComparer.OrdinalIgnoreCase),
                    rule.Consequence
                )
            ),
            .. ExactValues.SelectMany(rule => Judge(config, rule.Setting, rule.Default, value => value == rule.Right, rule.Consequence)),
            .. Judge(
                config,
                "snapshot.mode",
                "initial",
                value => !WrongModes.Contains(value.Trim(), StringComparer.OrdinalIgnoreCase),
                "custom lets a class decide what a snapshot reads and what is streamed; always and configuration_based may take one at "
                    + "each restart, and what was deleted meanwhile stays; it has to be another mode of Debezium's"
            ),
            .. Judge(
                config,
                "snapshot.delay.ms",
                "0",
                value => long.TryParse(value, NumberStyles.Integer, CultureInfo.InvariantCulture, out var delay) && delay <= LongestDelay,
                "the slot is made before that delay and the snapshot's reads are dated after it, so the snapshot is taken for one that "
                    + "was ordered while the "
                    + $"connector streamed, and deletes nothing; it has to be at most {LongestDelay}"
            ),
            .. Heartbeats(config),
            .. ConnectorFilters.Judge(config),
            .. ConnectorTransforms.Judge(config),
            .. ConnectorKnownSettings.Judge(config),
        ];

    static IEnumerable<ConnectorFinding> Judge(
        IReadOnlyDictionary<string, string> config,
        string setting,
        string otherwise,
        Func<string, bool> isRight,
        string consequence
    )
    {
        var has = config.GetValueOrDefault(setting, otherwise);
        if (Placeholders.AreIn(has))
        {
            yield return ConnectorFinding.Placeholder(setting);
        }
        else if (!isRight(has))
        {
            yield return new ConnectorFinding($"{setting} is {(string.IsNullOrWhiteSpace(has) ? "empty" : has)}: {consequence}");
        }
    }

    static IEnumerable<ConnectorFinding> Heartbeats(IReadOnlyDictionary<string, string> config)
    {
        const string Interval = "heartbeat.interval.ms",
            Query = "heartbeat.action.query";
        var given = config.GetValueOrDefault(Interval, "0");
        if (Placeholders.AreIn(given))
        {
            yield return ConnectorFinding.Placeholder(Interval);
        }
        else if (!int.TryParse(given, NumberStyles.Integer, CultureInfo.InvariantCulture, out var interval) || interval <= 0)
        {
            yield return new ConnectorFinding($"{Interval} is not above 0: no watermark is written, and data_as_of stands still");
        }
        var query = config.GetValueOrDefault(Query, "");
        if (Placeholders.AreIn(query))
        {
            yield return ConnectorFinding.Placeholder(Query);
        }
        else if (Words(query) != Words(Topics.WatermarkQuery))
        {
            yield return new ConnectorFinding(
                $"{Query} is not that of this version (compose/debezium-connector.json): changes of the publication, one that is not "
                    + $"whole, and "
                    + "changes of the tables' definitions and of PostgreSQL's history are not noticed"
            );
        }
    }

    static string Words(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
