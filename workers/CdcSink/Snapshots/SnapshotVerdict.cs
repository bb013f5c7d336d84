namespace Betting.CdcSink.Snapshots;

/// <summary>What is known of one table when a snapshot has ended and all of its records have been read.</summary>
/// <param name="IsRead">True where the snapshot read at least one row of the table.</param>
/// <param name="HasOlderRows">True where rows of older epochs are stored that nothing has ended.</param>
/// <param name="HasOlderReads">True where anything below the snapshot's reads is stored that nothing has ended.</param>
/// <param name="StreamRan">
/// True where the stream ran in this epoch before the snapshot: changes were streamed, or an incremental snapshot read the table.
/// </param>
/// <param name="WasRead">True where a snapshot that ended earlier in this epoch read the table.</param>
/// <param name="IsWhole">
/// True where the last read of the snapshot came, or its last read of this table, and no record was left out among its reads.
/// </param>
/// <param name="IsDoubtful">True where records were left out before the first of its reads came: these may have been among them.</param>
public readonly record struct TableFacts(
    bool IsRead,
    bool HasOlderRows,
    bool HasOlderReads,
    bool StreamRan,
    bool WasRead,
    bool IsWhole = true,
    bool IsDoubtful = false
);

/// <summary>What the end of a snapshot says about one table.</summary>
public enum SnapshotVerdict
{
    /// <summary>Nothing: the table has no older rows, or an earlier snapshot of the epoch has settled them.</summary>
    Nothing,

    /// <summary>Rows that the snapshot did not find are gone in PostgreSQL: what is below its reads is deleted.</summary>
    EndOlder,

    /// <summary>
    /// The stream does not tell whether older rows are gone, or whether all reads came: rows stay, and a reconciliation is asked for.
    /// </summary>
    AskReconciliation,
}

/// <summary>The rule. See docs/decisions/snapshot-completion.md.</summary>
public static class SnapshotRule
{
    public static SnapshotVerdict Of(in TableFacts facts) =>
        facts switch
        {
            // A snapshot of other tables, or this table was empty: the stream says the same in both cases.
            { IsRead: false } => facts.HasOlderRows ? SnapshotVerdict.AskReconciliation : SnapshotVerdict.Nothing,
            // The first snapshot settled the table; a later one may have read a part of it.
            { WasRead: true } => SnapshotVerdict.Nothing,
            // Ad hoc, beside a stream that runs: it may have read a part of the table, and deletes are in the stream.
            { StreamRan: true } => facts.HasOlderRows ? SnapshotVerdict.AskReconciliation : SnapshotVerdict.Nothing,
            // It may have been stopped before it had read all of the table, or reads are lost: rows may be missing, also where there are no
            // older ones.
            { IsWhole: false } => SnapshotVerdict.AskReconciliation,
            _ => facts.HasOlderReads ? SnapshotVerdict.EndOlder : SnapshotVerdict.Nothing,
        };
}
