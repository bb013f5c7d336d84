using System.Text.Json.Nodes;
using Betting.CdcSink.Connector;
using Betting.Local.Engines;
using Xunit;

namespace Betting.Tests.CdcSink.Connector;

/// <summary>Which of the connector's settings leave out, drop or change what the sink needs.</summary>
public sealed class ConnectorRulesTests
{
    const string Added = "op,table,lsn,source.ts_ms,source.txId,source.snapshot";

    static readonly Dictionary<string, string> Shipped = JsonNode
        .Parse(File.ReadAllText(Path.Combine(Installed.ProjectRoot, "compose", "debezium-connector.json")))!
        .AsObject()
        .ToDictionary(each => each.Key, each => each.Value!.GetValue<string>());

    [Fact]
    public void The_settings_that_this_project_ships_break_nothing() => Assert.Empty(ConnectorRules.Judge(Shipped));

    [Theory]
    [InlineData("skipped.operations", null)]
    [InlineData("skipped.operations", "")]
    [InlineData("skipped.operations", "t,d")]
    [InlineData("errors.tolerance", "all")]
    [InlineData("event.processing.failure.handling.mode", "warn")]
    [InlineData("event.processing.failure.handling.mode", "skip")]
    [InlineData("slot.drop.on.stop", "true")]
    [InlineData("producer.override.acks", "1")]
    [InlineData("unavailable.value.placeholder", "?")]
    [InlineData("publication.name", null)]
    [InlineData("publication.name", "another")]
    [InlineData("heartbeat.interval.ms", null)]
    [InlineData("heartbeat.interval.ms", "0")]
    [InlineData("heartbeat.action.query", null)]
    [InlineData("heartbeat.action.query", "SELECT 1")]
    [InlineData("message.prefix.include.list", "fence")]
    [InlineData("message.prefix.include.list", "watermark")]
    [InlineData("message.prefix.exclude.list", "f.*")]
    [InlineData("schema.include.list", "private")]
    [InlineData("schema.exclude.list", "pub.*")]
    [InlineData("table.include.list", "public.users,public.bets")]
    [InlineData("table.include.list", "users,events,bets")]
    [InlineData("table.exclude.list", "public\\.events")]
    [InlineData("table.exclude.list", "public.(?!users).*")]
    [InlineData("column.include.list", "public.users.*,public.events.*,public.bets.(id|user_id|event_id|status|placed_at)")]
    [InlineData("column.exclude.list", ".*payout")]
    [InlineData("column.mask.with.10.chars", "public.users.name")]
    [InlineData("column.truncate.to.20.chars", ".*[.]name")]
    [InlineData("snapshot.include.collection.list", "public.users")]
    [InlineData("snapshot.select.statement.overrides", "public.bets")]
    [InlineData("table.exclude.list", "\\Qpublic.other\\E,public.events")]
    [InlineData("unavailable.value.placeholder", "__DEBEZIUM_unavailable_value")]
    [InlineData("publication.name", "Debezium_Publication")]
    [InlineData("publication.name", "debezium_publication ")]
    [InlineData("snapshot.query.mode", "custom")]
    [InlineData("snapshot.mode", "Custom")]
    [InlineData("snapshot.mode", "always")]
    [InlineData("snapshot.delay.ms", "30001")]
    [InlineData("snapshot.mode", "configuration_based")]
    [InlineData("snapshot.locking.mode", "custom")]
    [InlineData("snapshot.max.threads", "4")]
    [InlineData("topic.naming.strategy", "io.debezium.schema.DefaultRegexTopicNamingStrategy")]
    [InlineData("topic.delimiter", "-")]
    [InlineData("post.processors", "res")]
    [InlineData("converters", "isbn")]
    [InlineData("sourceinfo.struct.maker", "com.example.Source")]
    [InlineData("transaction.metadata.factory", "com.example.Transactions")]
    [InlineData("slot.stream.params", "origin=none")]
    [InlineData("producer.override.bootstrap.servers", "other:9092")]
    [InlineData("offset.mismatch.strategy", "trust_slot")]
    [InlineData("offset.mismatch.strategy", "TRUST_GREATER_LSN")]
    public void A_setting_that_leaves_out_drops_or_changes_is_named(string setting, string? value)
    {
        var found = Assert.Single(ConnectorRules.Judge(With(setting, value)));
        Assert.StartsWith(setting, found.Line, StringComparison.Ordinal);
        Assert.True(found.IsJudged);
    }

    [Theory]
    [InlineData("table.include.list", "public.(users")]
    [InlineData("table.include.list", "\\Qpublic.\\E.*")]
    [InlineData("table.include.list", "public.users,public.bets,public.event++s")]
    [InlineData("table.include.list", "public.[a-z&&[^q]]+")]
    [InlineData("table.exclude.list", "\\Qpublic.other\\E")]
    [InlineData("table.include.list", "${file:/etc/tables.properties:tables}")]
    [InlineData("table.include.list", "${env:TABLES},public.users")]
    [InlineData("skipped.operations", "${env:SKIPPED}")]
    [InlineData("errors.tolerance", "${secrets:connect/errors:tolerance}")]
    [InlineData("publication.name", "${env:PREFIX}_publication")]
    [InlineData("unavailable.value.placeholder", "${env:PLACEHOLDER}")]
    [InlineData("snapshot.mode", "${env:MODE}")]
    [InlineData("heartbeat.interval.ms", "${env:INTERVAL}")]
    [InlineData("heartbeat.action.query", "${file:/etc/query.properties:query}")]
    [InlineData("column.mask.with.10.chars", "${env:MASKED}")]
    [InlineData("transforms", "${env:TRANSFORMS}")]
    [InlineData("transforms.epoch.type", "${env:TRANSFORM}")]
    [InlineData("topic.naming.strategy", "${env:NAMING}")]
    [InlineData("internal.log.position.check.enable", "false")]
    [InlineData("a.setting.of.a.later.version", "1")]
    [InlineData("Skipped.Operations", "none")]
    [InlineData("database.initial.statements", "SET DateStyle = 'German'")]
    [InlineData("producer.override.interceptor.classes", "com.example.Drop")]
    public void What_Kafka_Connect_fills_in_what_only_Java_reads_and_what_is_not_known_breaks_no_promise(string setting, string value)
    {
        var found = Assert.Single(ConnectorRules.Judge(With(setting, value)));
        Assert.StartsWith(setting, found.Line, StringComparison.Ordinal);
        Assert.False(found.IsJudged, found.Line);
    }

    [Theory]
    [InlineData("column.mask.hash.SHA-256.with.salt.CzQMA0cB5K", "public[.]users[.]name", true)]
    [InlineData("column.mask.hash.v2.SHA-256.with.salt.CzQMA0cB5K.salt.x", "public[.]users[.]name", true)]
    [InlineData("column.mask.hash.SHA-256.with.salt.CzQMA0cB5K", "\\Qpublic.users.name\\E", false)]
    [InlineData("column.mask.hash.SHA-256.with.salt.CzQMA0cB5K", "${env:MASKED}", false)]
    public void The_salt_of_a_hash_is_not_shown(string setting, string value, bool isJudged)
    {
        var found = Assert.Single(ConnectorRules.Judge(With(setting, value)));
        Assert.Equal(isJudged, found.IsJudged);
        Assert.StartsWith("column.mask.hash.", found.Line, StringComparison.Ordinal);
        Assert.Contains("SHA-256.with.salt.… ", found.Line, StringComparison.Ordinal);
        Assert.DoesNotContain("CzQMA0cB5K", found.Line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("status", true)]
    [InlineData("${env:FIELD}", false)]
    public void Records_that_a_field_routes_are_named(string field, bool isJudged)
    {
        var settings = WithTransform("io.debezium.transforms.ExtractNewRecordState", "delete.tombstone.handling.mode", "rewrite");
        settings["transforms.other.add.fields"] = Added;
        settings["transforms.other.route.by.field"] = field;
        var found = Assert.Single(ConnectorRules.Judge(settings));
        Assert.StartsWith("transforms.other.route.by.field", found.Line, StringComparison.Ordinal);
        Assert.Equal(isJudged, found.IsJudged);
    }

    [Theory]
    [InlineData("errors.tolerance", "none")]
    [InlineData("skipped.operations", "NONE")]
    [InlineData("producer.override.acks", "-1")]
    [InlineData("message.prefix.include.list", null)]
    [InlineData("message.prefix.include.list", "(fence|watermark)")]
    [InlineData("message.prefix.exclude.list", "other.*")]
    [InlineData("schema.include.list", "public")]
    [InlineData("table.include.list", null)]
    [InlineData("table.include.list", "public\\.users, PUBLIC.EVENTS ,public[.](bets|other)")]
    [InlineData("table.include.list", "public.[a-z]{4\\,6}")]
    [InlineData("table.exclude.list", "public.commands")]
    [InlineData("column.exclude.list", "public.wallets.*")]
    [InlineData("column.mask.with.10.chars", "public.staff.name")]
    [InlineData("snapshot.include.collection.list", "public.*")]
    [InlineData("snapshot.select.statement.overrides", "public.debezium_signal")]
    [InlineData("tombstones.on.delete", "false")]
    [InlineData("snapshot.mode", "no_data")]
    [InlineData("snapshot.mode", "when_needed")]
    [InlineData("snapshot.locking.mode", "shared")]
    [InlineData("signal.data.collection", "public.debezium_signal")]
    [InlineData("message.key.columns", "public.other:id")]
    [InlineData("snapshot.query.mode", "SELECT_ALL")]
    [InlineData("offset.mismatch.strategy", "trust_offset")]
    [InlineData("table.include.list", "public.[^x\\[]*")]
    [InlineData("table.exclude.list", "private.[a-z&]+")]
    [InlineData("database.password", "${env:REPLICATOR_PASSWORD}")]
    [InlineData("producer.override.metadata.max.age.ms", "2000")]
    public void A_setting_that_leaves_out_nothing_is_right(string setting, string? value) =>
        Assert.Empty(ConnectorRules.Judge(With(setting, value)));

    [Theory]
    [InlineData("org.apache.kafka.connect.transforms.Filter")]
    [InlineData("io.debezium.transforms.Filter")]
    [InlineData("org.apache.kafka.connect.transforms.ReplaceField$Value")]
    [InlineData("org.apache.kafka.connect.transforms.RegexRouter")]
    [InlineData("io.debezium.transforms.ExtractNewRecordState")]
    [InlineData("org.apache.kafka.connect.transforms.InsertHeader", "predicate", "isBet")]
    [InlineData("io.debezium.transforms.ExtractNewRecordState", "delete.tombstone.handling.mode", "drop")]
    [InlineData("org.apache.kafka.connect.transforms.HeaderFrom$Value", "operation", "move")]
    public void A_transform_that_may_drop_or_change_records_is_named(string type, string? setting = null, string? value = null) =>
        Assert.StartsWith(
            "transforms.other",
            Assert.Single(ConnectorRules.Judge(WithTransform(type, setting, value))).Line,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("org.apache.kafka.connect.transforms.InsertHeader")]
    [InlineData("org.apache.kafka.connect.transforms.SetSchemaMetadata$Value")]
    [InlineData("org.apache.kafka.connect.transforms.HeaderFrom$Value", "operation", "copy")]
    public void A_transform_that_keeps_every_record_is_right(string type, string? setting = null, string? value = null) =>
        Assert.Empty(ConnectorRules.Judge(WithTransform(type, setting, value)));

    /// <summary>Debezium's transform drops truncates whatever its settings; without the other settings more is lost.</summary>
    [Theory]
    [InlineData("delete.tombstone.handling.mode", "rewrite-with-tombstone", Added, "drops each TRUNCATE")]
    [InlineData("delete.handling.mode", "rewrite", Added, "drops each TRUNCATE")]
    [InlineData("delete.handling.mode", "rewrite", "op, lsn, source.ts_us, txId, snapshot, source.sequence", "drops each TRUNCATE")]
    [InlineData("delete.handling.mode", "rewrite", "op,table,lsn,source.ts_ms", "add.fields lacks source.txId")]
    [InlineData("delete.handling.mode", "rewrite", "op,table,lsn,ts_ms,source.txId,source.snapshot", "add.fields lacks source.ts_us")]
    [InlineData("delete.handling.mode", "rewrite", "op,table,lsn,source.ts_ms,source.txId", "add.fields lacks source.snapshot")]
    [InlineData("delete.handling.mode", "rewrite", "", "add.fields lacks op")]
    [InlineData("delete.handling.mode", "drop", Added, "does not keep deletes")]
    public void A_flattening_transform_loses_what_is_named(string setting, string value, string added, string loss)
    {
        var settings = WithTransform("io.debezium.transforms.ExtractNewRecordState", setting, value);
        settings["transforms.other.add.fields"] = added;
        var line = Assert.Single(ConnectorRules.Judge(settings)).Line;
        Assert.StartsWith("transforms.other", line, StringComparison.Ordinal);
        Assert.Contains(loss, line, StringComparison.Ordinal);
    }

    [Fact]
    public void A_transform_of_this_project_that_a_predicate_restricts_is_named() =>
        Assert.StartsWith(
            "transforms.epoch.predicate",
            Assert.Single(ConnectorRules.Judge(With("transforms.epoch.predicate", "isBet"))).Line,
            StringComparison.Ordinal
        );

    [Fact]
    public void Line_breaks_in_the_heartbeat_query_do_not_matter() =>
        Assert.Empty(
            ConnectorRules.Judge(
                With(
                    "heartbeat.action.query",
                    Shipped["heartbeat.action.query"].Replace(" FROM ", "\n    FROM ", StringComparison.Ordinal) + "\n"
                )
            )
        );

    static Dictionary<string, string> WithTransform(string type, string? setting, string? value)
    {
        var settings = new Dictionary<string, string>(Shipped) { ["transforms"] = "epoch, other", ["transforms.other.type"] = type };
        if (setting is not null)
        {
            settings[$"transforms.other.{setting}"] = value!;
        }
        return settings;
    }

    static Dictionary<string, string> With(string setting, string? value)
    {
        var settings = new Dictionary<string, string>(Shipped);
        settings.Remove(setting);
        if (value is not null)
        {
            settings[setting] = value;
        }
        return settings;
    }
}
