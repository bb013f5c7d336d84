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

    /// <summary>The connector's <c>heartbeat.action.query</c>: writes a watermark at once, outside of any transaction.</summary>
    public const string WatermarkQuery = "SELECT pg_logical_emit_message(false, 'watermark', json_build_object('at', clock_timestamp())::text)";

    /// <summary>Where a record that cannot be understood goes, alone, with its reason and coordinates.</summary>
    public static string DeadLetter(string topic) => topic + ".dead-letter";
}
