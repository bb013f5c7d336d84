namespace Betting.CdcSink.Batches;

/// <summary>Offsets of a partition between two records that were read one after the other, which brought no record themselves.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Partition">Its partition.</param>
/// <param name="From">The first of them.</param>
/// <param name="To">The offset behind the last of them.</param>
public readonly record struct OffsetGap(string Topic, int Partition, long From, long To)
{
    /// <summary>How many offsets.</summary>
    public long Size => To - From;

    /// <summary>A commit leaves a marker of its own, one offset without a record.</summary>
    public bool IsMarker => Size <= 1;

    /// <summary>
    /// True where transactions explain the gap: each that was aborted has its records, which a consumer with <c>read_uncommitted</c> gets, and a
    /// marker; one more marker may be of a commit.
    /// </summary>
    /// <param name="aborted">Records that such a consumer got in the gap.</param>
    public bool IsExplainedBy(long aborted) => Size - aborted <= aborted + 1;
}
