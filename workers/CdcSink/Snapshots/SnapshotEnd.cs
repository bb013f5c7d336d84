using Betting.Debezium;

namespace Betting.CdcSink.Snapshots;

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
    public const string FirstMarker = "first", LastMarker = "last", IncrementalMarker = "incremental", ReadMarker = "read", TableMarker = "table",
        OverMarker = "over";

    /// <summary>
    /// False where no last read came: the stream went on after the snapshot, so it is over. It need not be complete.
    /// </summary>
    public bool IsSeen { get; init; } = true;

    /// <summary>The record's place as a record without content, for rows that name where they came from.</summary>
    public StreamRecord Place => new(Topic, Partition, Offset, 0, null, null, []);

    /// <summary>The read as a change, as far as rows of <c>truncations</c> need it.</summary>
    public DecodedRecord Change => new() { Version = Version, TransactionId = TransactionId, CommitTime = CommittedAt };
}

/// <summary>One snapshot: its reads have versions from that of its first read to that of its last.</summary>
/// <param name="From">The version of the first read.</param>
/// <param name="To">The version of the last read.</param>
public readonly record struct SnapshotRange(ChangeVersion From, ChangeVersion To)
{
    public int Epoch => To.Epoch;

    /// <summary>The version below all changes of the epoch.</summary>
    public ChangeVersion EpochStart => ChangeVersion.Of(Epoch, streamed: false, 0);

    /// <summary>The highest version below all reads of the snapshot; no change has it, because LSNs are multiples of 8.</summary>
    public ChangeVersion Below => From == EpochStart ? From : new ChangeVersion(From.Value - 1);
}

/// <summary>The earliest sign of an epoch.</summary>
/// <param name="Epoch">The epoch.</param>
/// <param name="At">Its time; microseconds since 1970 UTC.</param>
public readonly record struct EpochBegin(int Epoch, long At);
