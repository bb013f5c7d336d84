namespace Betting.CdcSink.Connector;

/// <summary>
/// The settings of Debezium's connector for PostgreSQL (3.6) and of Kafka Connect that keep every record and value, or that other rules
/// judge. Names a setting that is in neither list. Pure.
/// </summary>
/// <remarks>
/// Debezium's list is the answer of <c>GET /connector-plugins/io.debezium.connector.postgresql.PostgresConnector/config</c>.
/// </remarks>
static class ConnectorKnownSettings
{
    // Kafka Connect and the plugin.
    static readonly string[] OfConnect =
    [
        "name",
        "connector.class",
        "connector.plugin.version",
        "tasks.max",
        "tasks.max.enforce",
        "key.converter",
        "key.converter.plugin.version",
        "value.converter",
        "value.converter.plugin.version",
        "header.converter",
        "header.converter.plugin.version",
        "transforms",
        "predicates",
        "config.action.reload",
        "errors.retry.timeout",
        "errors.retry.delay.max.ms",
        "errors.tolerance",
        "errors.log.enable",
        "errors.log.include.messages",
        "topic.creation.enable",
        "topic.creation.groups",
        "exactly.once.support",
        "transaction.boundary",
        "transaction.boundary.interval.ms",
        "offsets.storage.topic",
    ];

    static readonly string[] OfDebezium =
    [
        "topic.prefix",
        "topic.delimiter",
        "topic.naming.strategy",
        "topic.cache.size",
        "topic.heartbeat.prefix",
        "topic.transaction",
        "plugin.name",
        "publication.name",
        "publication.autocreate.mode",
        "publish.via.partition.root",
        "replica.identity.autoset.values",
        "slot.name",
        "slot.drop.on.stop",
        "slot.failover",
        "slot.stream.params",
        "slot.max.retries",
        "slot.retry.delay.ms",
        "offset.mismatch.strategy",
        "status.update.interval.ms",
        "lsn.flush.mode",
        "lsn.flush.timeout.ms",
        "lsn.flush.timeout.action",
        "flush.lsn.source",
        "xmin.fetch.interval.ms",
        "skipped.operations",
        "event.processing.failure.handling.mode",
        "max.batch.size",
        "max.queue.size",
        "max.queue.size.in.bytes",
        "poll.interval.ms",
        "provide.transaction.metadata",
        "transaction.metadata.factory",
        "snapshot.mode",
        "snapshot.mode.custom.name",
        "snapshot.delay.ms",
        "streaming.delay.ms",
        "snapshot.include.collection.list",
        "snapshot.select.statement.overrides",
        "snapshot.fetch.size",
        "snapshot.max.threads",
        "snapshot.max.threads.multiplier",
        "legacy.snapshot.max.threads",
        "snapshot.isolation.mode",
        "snapshot.query.mode",
        "snapshot.query.mode.custom.name",
        "snapshot.locking.mode",
        "snapshot.locking.mode.custom.name",
        "snapshot.lock.timeout.ms",
        "snapshot.tables.order.by.row.count",
        "incremental.snapshot.chunk.size",
        "incremental.snapshot.watermarking.strategy",
        "query.fetch.size",
        "retriable.restart.connector.wait.ms",
        "errors.max.retries",
        "connection.validation.timeout.ms",
        "executor.shutdown.timeout.ms",
        "extended.headers.enabled",
        "statistics.metrics.enabled",
        "custom.metric.tags",
        "custom.sanitize.pattern",
        "decimal.handling.mode",
        "time.precision.mode",
        "hstore.handling.mode",
        "binary.handling.mode",
        "interval.handling.mode",
        "schema.name.adjustment.mode",
        "schema.refresh.mode",
        "include.unknown.datatypes",
        "include.schema.comments",
        "unavailable.value.placeholder",
        "message.prefix.include.list",
        "message.prefix.exclude.list",
        "message.key.columns",
        "converters",
        "post.processors",
        "sourceinfo.struct.maker",
        "tombstones.on.delete",
        "heartbeat.interval.ms",
        "heartbeat.topics.prefix",
        "heartbeat.action.query",
        "table.include.list",
        "table.exclude.list",
        "table.ignore.builtin",
        "schema.include.list",
        "schema.exclude.list",
        "column.include.list",
        "column.exclude.list",
        "column.propagate.source.type",
        "datatype.propagate.source.type",
    ];

    // What begins so belongs to a setting of the lists, or changes no record: the account of the database, signals, notifications.
    static readonly string[] Prefixes =
    [
        "transforms.",
        "predicates.",
        "converters.",
        "topic.creation.",
        "key.converter.",
        "value.converter.",
        "header.converter.",
        "producer.override.",
        "consumer.override.",
        "admin.override.",
        "column.mask.",
        "column.truncate.",
        "snapshot.mode.configuration.based.",
        "snapshot.select.statement.overrides.",
        "signal.",
        "notification.",
        "openlineage.",
        "guardrail.",
        "database.",
    ];

    // Statements and options of its sessions: what they change, nobody here reads. Kafka's interceptors may change or drop records.
    static readonly string[] Unread = ["database.initial.statements", "producer.override.interceptor.classes"];

    // The salt of a masked column is a part of its setting's name.
    const string Salt = ".salt.";
    const int MostNamed = 5;

    static readonly HashSet<string> Known = new(OfConnect.Concat(OfDebezium), StringComparer.Ordinal);

    /// <summary>One finding for all settings that are not known here: nobody can tell what they do to records.</summary>
    public static IEnumerable<ConnectorFinding> Judge(IReadOnlyDictionary<string, string> config)
    {
        List<string> unknown =
        [
            .. config.Keys.Where(key => !IsKnown(key)).Order(StringComparer.Ordinal).Select(Shown).Distinct(StringComparer.Ordinal),
        ];
        if (unknown.Count > 0)
        {
            var others = unknown.Count > MostNamed ? $" and {unknown.Count - MostNamed} others" : "";
            yield return new ConnectorFinding(
                $"{string.Join(", ", unknown.Take(MostNamed))}{others}: this version does not know what that does to records",
                IsJudged: false
            );
        }
    }

    static bool IsKnown(string setting) =>
        !Unread.Contains(setting, StringComparer.Ordinal)
        && (
            Known.Contains(setting)
            || (
                Array.Exists(Prefixes, prefix => setting.StartsWith(prefix, StringComparison.Ordinal))
                && !setting.Contains(Salt, StringComparison.OrdinalIgnoreCase)
            )
            || setting.StartsWith("column.mask.hash.", StringComparison.Ordinal)
        );

    static string Shown(string setting) =>
        setting.IndexOf(Salt, StringComparison.OrdinalIgnoreCase) is var at and >= 0 ? setting[..(at + Salt.Length)] + "…" : setting;
}
