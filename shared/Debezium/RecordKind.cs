namespace Betting.Debezium;

/// <summary>What a record turned out to be.</summary>
public enum RecordKind
{
    /// <summary>Cannot be understood: see <see cref="DecodedRecord.Reason"/> and <see cref="DecodedRecord.Field"/>.</summary>
    Undecodable,

    /// <summary>Understood, and of no interest by rule: see <see cref="DecodedRecord.Reason"/>.</summary>
    Skipped,

    /// <summary>A row of users, events or bets was read, created, updated or deleted.</summary>
    RowChange,

    /// <summary>All rows of a table ended at this version, in whatever partition they are.</summary>
    Truncate,

    /// <summary>A key without a value. It normally follows the delete that it repeats.</summary>
    Tombstone,

    /// <summary>A logical message: a prefix and bytes that somebody wrote into PostgreSQL's log.</summary>
    Message,

    /// <summary>The connector lives; it read the log up to the time it names.</summary>
    Heartbeat,

    TransactionBegin,
    TransactionEnd,
}

/// <summary>The tables that the platform follows.</summary>
public enum SourceTable
{
    None,
    Users,
    Events,
    Bets,
}

/// <summary>Debezium's <c>op</c>.</summary>
public enum Operation
{
    None,

    /// <summary><c>r</c>: a snapshot read, initial or incremental.</summary>
    Read,

    /// <summary><c>c</c></summary>
    Create,

    /// <summary><c>u</c></summary>
    Update,

    /// <summary><c>d</c></summary>
    Delete,

    /// <summary><c>t</c></summary>
    Truncate,

    /// <summary><c>m</c></summary>
    Message,
}

/// <summary>Debezium's <c>source.snapshot</c>: where in a snapshot a record stands.</summary>
public enum SnapshotMarker
{
    /// <summary>Not part of a snapshot (<c>false</c>).</summary>
    None,

    /// <summary>Inside a snapshot (<c>true</c>).</summary>
    Within,
    First,
    FirstInTable,
    LastInTable,

    /// <summary>The last record of a complete snapshot.</summary>
    Last,
    Incremental,
}
