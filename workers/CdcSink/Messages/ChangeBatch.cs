using Betting.CdcSink.Formats;
using Betting.Debezium;

namespace Betting.CdcSink.Messages;

/// <summary>
/// What is applied together: changes, and what else their records asked for. Its effect is the same however often it is applied.
/// </summary>
public sealed class ChangeBatch : IDisposable
{
    public ChangeRows Rows { get; } = new();
    public TouchedSet Touched { get; } = new();
    public List<DeadLetter> DeadLetters { get; } = [];

    /// <summary>The first read in each partition of each table by each snapshot that is not incremental, whatever its mark.</summary>
    public List<Snapshot> SnapshotStarts { get; } = [];

    /// <summary>The version of the first row of the batch that an incremental snapshot read, by table and epoch.</summary>
    public Dictionary<(SourceTable Table, int Epoch), ChangeVersion> ReadIncrementally { get; } = [];

    /// <summary>True where the batch has more first reads than <see cref="SnapshotStarts"/>.</summary>
    public bool HasMoreSnapshots { get; set; }

    /// <summary>The reads of snapshots that are not incremental, each table, version and partition once.</summary>
    public HashSet<(SourceTable Table, ChangeVersion Version, int Partition)> SnapshotReads { get; } = [];

    /// <summary>
    /// The snapshots of an archive that ended in this batch; those of the stream are stored, see <see cref="ChangeRows.SnapshotMarkers"/>.
    /// </summary>
    public List<SnapshotEnd> SnapshotEnds { get; } = [];

    public StreamedUntil StreamedUntil { get; } = new();

    public CommitSeconds CommitSeconds { get; } = new();

    /// <summary>The falls of PostgreSQL's clock that the batch shows; see <see cref="ChangeRows.ClockJumps"/>.</summary>
    public List<ClockJump> ClockJumps { get; } = [];

    /// <summary>In the order in which they were read.</summary>
    public List<StreamedWatermark> Watermarks { get; } = [];

    /// <summary>The topics that brought changes of users and events.</summary>
    public HashSet<string> DimensionTopics { get; } = [];

    /// <summary>What of its join is done beside the batches that follow; null where nothing is, or it is not joined yet.</summary>
    public LargeJoin? DeferredJoin { get; private set; }

    /// <summary>True for records of an archive: they move no partition and say nothing of how far the topics have come.</summary>
    public bool IsReplay { get; init; }

    /// <summary>
    /// The batch that this one is a part of, where ClickHouse did not take it whole; null for a whole batch. A part has the changes of some
    /// of its records; progress, watermarks, fences and what is joined beside the batches are the whole's.
    /// </summary>
    public ChangeBatch? PartOf { get; init; }

    /// <summary>Where each partition stands once the batch is applied; empty for a replay and for a part.</summary>
    public List<PartitionPosition> Positions { get; } = [];

    /// <summary>Commit times of streamed changes by topic, for the lag's histogram.</summary>
    public Dictionary<string, List<long>> CommitTimes { get; } = [];

    /// <summary>The assignment in which it was read; null for a replay. See <see cref="Commit.Progress.Assignment"/>.</summary>
    public Assignment? Assignment { get; set; }

    /// <summary>The last change of each table.</summary>
    public Dictionary<SourceTable, (long Id, ulong Version)> LastChanges { get; } = [];

    public int Records { get; set; }

    /// <summary>What its records take in memory where they are kept or read again, in bytes.</summary>
    public long RecordBytes { get; set; }

    /// <summary>What its dead letters hold, in bytes.</summary>
    public long LetterBytes { get; private set; }

    /// <summary>The records themselves, where they cannot be read a second time.</summary>
    public List<StreamRecord>? Kept { get; set; }

    /// <summary>When its first record came, in the clock's own ticks.</summary>
    public long StartedAt { get; set; }

    /// <summary>Leaves this to be joined beside the batches, together with what is left already.</summary>
    public void Leave(LargeJoin large) => DeferredJoin = DeferredJoin?.With(large) ?? large;

    public void Add(DeadLetter letter)
    {
        DeadLetters.Add(letter);
        LetterBytes += letter.Record.Memory;
    }

    public void Dispose()
    {
        Rows.Dispose();
        Touched.Dispose();
        foreach (var times in CommitTimes.Values)
        {
            Pooled.Return(times);
        }
        CommitTimes.Clear();
    }
}

/// <summary>The first read of a table by a snapshot that a batch has.</summary>
/// <param name="Table">The table.</param>
/// <param name="Version">Of the read.</param>
/// <param name="Topic">Where it stands.</param>
/// <param name="Partition">Where it stands.</param>
/// <param name="Offset">Where it stands.</param>
/// <param name="IsFirst">True where it is the first read of the whole snapshot.</param>
/// <param name="NotedAt">When the connector noted the snapshot's position, before it read anything; microseconds since 1970 UTC.</param>
/// <param name="ReadAt">When the record was written, after the read; microseconds since 1970 UTC.</param>
public readonly record struct Snapshot(
    SourceTable Table,
    ChangeVersion Version,
    string Topic,
    int Partition,
    long Offset,
    bool IsFirst,
    long NotedAt,
    long ReadAt
);
