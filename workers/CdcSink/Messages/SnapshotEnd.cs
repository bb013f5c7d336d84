using Betting.Debezium;

namespace Betting.CdcSink.Messages;

/// <summary>The last read of a snapshot that came, as it is stored in <c>snapshot_markers</c>.</summary>
/// <param name="Version">The version of the read.</param>
/// <param name="TransactionId">Of the read.</param>
/// <param name="CommittedAt">Of the read; microseconds since 1970 UTC.</param>
/// <param name="Topic">Where the record stands.</param>
/// <param name="Partition">Where the record stands.</param>
/// <param name="Offset">Where the record stands.</param>
public sealed record SnapshotEnd(ChangeVersion Version, uint TransactionId, long CommittedAt, string Topic, int Partition, long Offset)
{
    /// <summary>The column <c>marker</c>.</summary>
    public const string FirstMarker = "first",
        LastMarker = "last",
        IncrementalMarker = "incremental",
        ReadMarker = "read",
        TableMarker = "table",
        OverMarker = "over",
        SkippedMarker = "skipped",
        LaterMarker = "later",
        NotedMarker = "noted";

    /// <summary>
    /// False where no last read came: the stream went on after the snapshot, so it is over. It need not be complete.
    /// </summary>
    public bool IsSeen { get; init; } = true;

    /// <summary>All reads of the snapshot.</summary>
    public SnapshotReads Reads => new(Version);

    /// <summary>The record's place as a record without content, for rows that name where they came from.</summary>
    public StreamRecord Place => new(Topic, Partition, Offset, 0, null, null, []);

    /// <summary>The read as a change, as far as rows of <c>truncations</c> need it.</summary>
    public DecodedRecord Change =>
        new()
        {
            Version = Version,
            TransactionId = TransactionId,
            CommitTime = CommittedAt,
        };
}

/// <summary>The column <c>settled</c> of a record <c>last</c>. The higher one stays.</summary>
public enum Settlement
{
    /// <summary>What the snapshot says about older rows is not known yet.</summary>
    Open = 0,

    /// <summary>Nothing is left to be done.</summary>
    Whole = 1,

    /// <summary>Nothing is left to be done; reads of the snapshot may have been lost.</summary>
    Part = 2,
}

/// <summary>
/// The reads of one snapshot. Debezium takes the position in the log once and gives it to all of them; a read at another position is of
/// another snapshot, or of an attempt that was killed.
/// </summary>
/// <param name="Version">The version of each read.</param>
public readonly record struct SnapshotReads(ChangeVersion Version)
{
    public int Epoch => Version.Epoch;

    /// <summary>The version below all changes of the epoch.</summary>
    public ChangeVersion EpochStart => ChangeVersion.Of(Epoch, streamed: false, 0);

    /// <summary>The highest version below the reads; no change has it, because LSNs are multiples of 8.</summary>
    public ChangeVersion Below => Version == EpochStart ? Version : new ChangeVersion(Version.Value - 1);
}

/// <summary>The earliest sign of an epoch.</summary>
/// <param name="Epoch">The epoch.</param>
/// <param name="At">Its time; microseconds since 1970 UTC.</param>
public readonly record struct EpochBegin(int Epoch, long At);
