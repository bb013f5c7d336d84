namespace Betting.Debezium;

/// <summary>
/// What a record says. Which fields have a meaning depends on <see cref="Kind"/>; the others are at their defaults.
/// Texts point into the record's own bytes (copied only where JSON had escaped them), so they live as long as these.
/// </summary>
public struct DecodedRecord
{
    public RecordKind Kind;

    /// <summary>A <see cref="RejectReason"/> of an undecodable record, a <see cref="SkipRule"/> of a skipped one.</summary>
    public string? Reason;

    /// <summary>The field that could not be read, such as <c>after.amount</c>.</summary>
    public string? Field;

    /// <summary>Row changes, truncates and tombstones.</summary>
    public SourceTable Table;
    public Operation Operation;

    /// <summary>The row's id: row changes and tombstones.</summary>
    public long Id;

    /// <summary>Row changes and truncates.</summary>
    public ChangeVersion Version;
    public StreamPosition Position;
    public SnapshotMarker Snapshot;

    /// <summary>PostgreSQL's 32-bit transaction id; 0 where the record has none, as in incremental reads.</summary>
    public uint TransactionId;

    /// <summary>When the source committed it (a read: when it was read), microseconds since 1970 UTC; 0 where unknown.</summary>
    public long CommitTime;

    /// <summary>Columns of a row change that is no delete; which of the three tells <see cref="Table"/>.</summary>
    public UserRow User;
    public EventRow Event;
    public BetRow Bet;
    public MissingColumns MissingColumns;

    /// <summary>
    /// Of those not sent, the ones that the record says are as they were (unchanged TOAST); the others the source has no longer.
    /// </summary>
    public MissingColumns Unchanged;

    /// <summary>Columns whose value came under a <see cref="ValueSubstitution"/>; null where there is none.</summary>
    public List<MarkedValue>? Marks;

    /// <summary>Logical messages: the prefix, UTF-8.</summary>
    public ReadOnlyMemory<byte> Prefix;

    /// <summary>Logical messages: the bytes that were written.</summary>
    public ReadOnlyMemory<byte> Content;

    /// <summary>The bits of the marked columns.</summary>
    public readonly MissingColumns Marked =>
        Marks is null ? MissingColumns.None : Marks.Aggregate(MissingColumns.None, (all, mark) => all | mark.Column);

    internal void Mark(MissingColumns column, string name, string rule, ReadOnlyMemory<byte> original) =>
        (Marks ??= []).Add(new MarkedValue(column, name, rule, original));
}
