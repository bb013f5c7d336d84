namespace Betting.Contracts;

/// <summary>Every queue and topic name of the platform; upstream systems, Debezium and all workers agree on these.</summary>
public static class Topics
{
    /// <summary>RabbitMQ queue and Kafka topic of bet commands; the Kafka key is the user id where known, else the bet id.</summary>
    public const string Commands = "bet-commands";

    /// <summary>
    /// Settings that the topic <see cref="Commands"/> is made with. Brokers then build every batch of a publisher anew, or check the
    /// offsets of its records: of some batches that a broker would keep as they come, Ingest's client passes over records, and others end
    /// the process. Retention goes by the brokers' clock: by a publisher's clock that is behind, records would be deleted before they are
    /// read.
    /// </summary>
    public static readonly IReadOnlyDictionary<string, string> CommandSettings = new Dictionary<string, string>
    {
        ["cleanup.policy"] = "delete",
        ["compression.type"] = "zstd",
        ["message.timestamp.type"] = "LogAppendTime",
    };

    /// <summary>Consumer groups, one a worker.</summary>
    public const string IngestGroup = "ingest",
        CdcSinkGroup = "cdc-sink",
        CacheWarmerGroup = "cache-warmer";

    /// <summary>Header that Debezium's InsertHeader transform adds: the generation of the PostgreSQL cluster, counted from 1.</summary>
    public const string EpochHeader = "epoch";

    /// <summary>Prefix of the logical messages by which the Reconciler asks how far the change stream has come.</summary>
    public const string FencePrefix = "fence";

    /// <summary>
    /// Prefix of the logical messages that the connector writes with each heartbeat: PostgreSQL's clock at a position of its log.
    /// </summary>
    public const string WatermarkPrefix = "watermark";

    /// <summary>The publication that change capture reads.</summary>
    public const string Publication = "debezium_publication";

    /// <summary>
    /// The connector's <c>heartbeat.action.query</c>: writes a watermark that names the one before it, PostgreSQL's timeline and a hash of
    /// the publication and of the definitions of the three tables. The hash changes with every ALTER PUBLICATION, when a published table or
    /// the publication is made anew, and with DDL that can change values without a change in the stream: columns added, dropped, renamed or
    /// altered, and tables renamed, moved, inherited from or given another replica identity. The rows of <c>pg_type</c> and
    /// <c>pg_attribute</c> have the ids of the transactions that wrote them, so what is changed back is seen too. <c>pg_class</c> is read
    /// by value, because GRANT and CREATE TRIGGER write its rows anew. No table is locked. The query never waits: a row that somebody else
    /// has locked makes it write nothing, and the commit of the row waits for no standby, because the connector reads no changes while this
    /// statement runs. <c>whole</c> says whether the publication sends every change of the three tables: all operations, no row filter, no
    /// column list, no rows in child tables. It is a part of the hash too. A publication FOR TABLES IN SCHEMA is found by its dependency on
    /// the schema, and filters and lists by the row as JSON, because PostgreSQL 14 has neither.
    /// </summary>
    public const string WatermarkQuery =
        "WITH next AS (UPDATE watermark_chain SET previous = id, id = gen_random_uuid() "
        + "WHERE single = (SELECT single FROM watermark_chain FOR UPDATE SKIP LOCKED) RETURNING id, previous), "
        + "whole AS (SELECT count(*) = 3 AS is_whole FROM pg_publication p CROSS JOIN pg_class c WHERE p.pubname = '"
        + Publication
        + "' "
        + "AND c.oid IN (to_regclass('public.users'), to_regclass('public.events'), to_regclass('public.bets')) AND c.relpersistence = 'p' "
        + "AND (c.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid) OR c.relkind = 'p' AND p.pubviaroot) "
        + "AND p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate AND (p.puballtables "
        + "OR EXISTS (SELECT FROM pg_publication_rel r WHERE r.prpubid = p.oid AND r.prrelid = c.oid "
        + "AND to_jsonb(r) ->> 'prqual' IS NULL AND to_jsonb(r) ->> 'prattrs' IS NULL) "
        + "OR EXISTS (SELECT FROM pg_depend s JOIN pg_depend d USING (classid, objid) "
        + "WHERE s.classid = to_regclass('pg_catalog.pg_publication_namespace') AND s.refclassid = 'pg_publication'::regclass "
        + "AND s.refobjid = p.oid AND d.refclassid = 'pg_namespace'::regclass AND d.refobjid = c.relnamespace))) "
        + "SELECT set_config('synchronous_commit', 'local', true), pg_logical_emit_message(true, 'watermark', "
        + "json_build_object('at', clock_timestamp(), 'id', id, 'previous', previous, "
        + "'started', pg_postmaster_start_time(), 'whole', is_whole, 'timeline', ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), "
        + "1, 8))::bit(32)::int, 'publication', (SELECT md5(coalesce(string_agg(concat(is_whole, p.xmin, p, "
        + "(SELECT string_agg(concat(r.xmin, r), ' ' ORDER BY r.oid) FROM pg_publication_rel r WHERE r.prpubid = p.oid), "
        + "(SELECT string_agg(concat_ws(' ', c.oid, c.relkind, c.relpersistence, c.relreplident, c.relhassubclass, t.xmin, "
        + "(SELECT i.indexrelid FROM pg_index i WHERE i.indrelid = c.oid AND i.indisreplident), "
        + "(SELECT string_agg(concat_ws(' ', a.attnum, a.xmin), ' ' ORDER BY a.attnum) "
        + "FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0)), ' ' ORDER BY c.relname) "
        + "FROM pg_class c JOIN pg_type t ON t.oid = c.reltype "
        + "WHERE c.oid IN (to_regclass('public.users'), to_regclass('public.events'), to_regclass('public.bets')))), ''), ''))::uuid "
        + "FROM pg_publication p WHERE p.pubname = '"
        + Publication
        + "'))::text) FROM next, whole";

    /// <summary>Where a record that cannot be understood goes, alone, with its reason and coordinates.</summary>
    public static string DeadLetter(string topic) => topic + ".dead-letter";
}
