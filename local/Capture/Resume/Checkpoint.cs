namespace Betting.Local.Capture.Resume;

/// <summary>How far the records have come that Kafka has acknowledged. It exists only once a snapshot is complete.</summary>
/// <param name="Slot">The slot it belongs to.</param>
/// <param name="SystemId">The PostgreSQL cluster it belongs to.</param>
/// <param name="Lsn">Everything that ended before it has been delivered.</param>
/// <param name="LastCommit">
/// Where the last transaction before <paramref name="Lsn"/> ended; goes into the next record's <c>sequence</c>.
/// </param>
/// <param name="CommitMicros">That transaction's time, microseconds since 1970.</param>
public sealed record Checkpoint(string Slot, string SystemId, ulong Lsn, ulong? LastCommit, long CommitMicros);
