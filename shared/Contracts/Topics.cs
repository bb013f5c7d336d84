namespace Betting.Contracts;

/// <summary>Every queue and topic name of the platform; upstream systems, Debezium and all workers agree on these.</summary>
public static class Topics
{
    /// <summary>RabbitMQ queue and Kafka topic of bet commands; the Kafka key is the user id where known, else the bet id.</summary>
    public const string Commands = "bet-commands";

    /// <summary>Consumer groups, one a worker.</summary>
    public const string IngestGroup = "ingest", CdcSinkGroup = "cdc-sink", CacheWarmerGroup = "cache-warmer";

    /// <summary>Header that Debezium's InsertHeader transform adds: the generation of the PostgreSQL cluster, counted from 1.</summary>
    public const string EpochHeader = "epoch";

    /// <summary>Prefix of the logical messages by which the Reconciler asks how far the change stream has come.</summary>
    public const string FencePrefix = "fence";

    /// <summary>Prefix of the logical messages that the connector writes with each heartbeat: PostgreSQL's clock at a position of its log.</summary>
    public const string WatermarkPrefix = "watermark";

    /// <summary>
    /// The connector's <c>heartbeat.action.query</c>: writes a watermark at once, outside of any transaction, that names the one before it
    /// and PostgreSQL's timeline. It never waits: a row that somebody else has locked makes it write nothing, and the commit of the row
    /// waits for no standby, because the connector reads no changes while this statement runs.
    /// </summary>
    public const string WatermarkQuery =
        "WITH next AS (UPDATE watermark_chain SET previous = id, id = gen_random_uuid() " +
        "WHERE single = (SELECT single FROM watermark_chain FOR UPDATE SKIP LOCKED) RETURNING id, previous) " +
        "SELECT set_config('synchronous_commit', 'local', true), pg_logical_emit_message(false, 'watermark', " +
        "json_build_object('at', clock_timestamp(), 'id', id, 'previous', previous, " +
        "'timeline', ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int)::text) FROM next";

    /// <summary>Where a record that cannot be understood goes, alone, with its reason and coordinates.</summary>
    public static string DeadLetter(string topic) => topic + ".dead-letter";
}
