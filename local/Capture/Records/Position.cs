namespace Betting.Local.Capture.Records;

/// <summary>Where in PostgreSQL's history a record stands: the part of <c>source</c> that differs from record to record.</summary>
/// <param name="Lsn">Of the change.</param>
/// <param name="LastCommit">Where the last transaction before it ended; null as long as none has come since the snapshot.</param>
/// <param name="TransactionId">Null for a message outside a transaction.</param>
/// <param name="Micros">The commit's (or the snapshot's) time, microseconds since 1970.</param>
/// <param name="Snapshot"><c>false</c>, or the snapshot mark.</param>
public readonly record struct Position(ulong Lsn, ulong? LastCommit, long? TransactionId, long Micros, string Snapshot = Position.Streamed)
{
    public const string Streamed = "false";
}

/// <summary>A change's place in its transaction: among all changes, and among those of its table.</summary>
public readonly record struct Order(long Total, long InCollection);
