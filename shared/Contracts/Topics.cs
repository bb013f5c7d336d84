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

    /// <summary>Where a record that cannot be understood goes, alone, with its reason and coordinates.</summary>
    public static string DeadLetter(string topic) => topic + ".dead-letter";
}
