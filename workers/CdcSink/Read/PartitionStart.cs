namespace Betting.CdcSink.Read;

/// <summary>What is known of a partition when it begins to be read.</summary>
/// <param name="Committed">The group's offset, or null where it has none.</param>
/// <param name="Progress">The offset that ClickHouse has recorded, or null where it knows nothing of the partition.</param>
/// <param name="IsAnother">Whether the record before <paramref name="Progress"/> is another one than the sink read there.</param>
/// <param name="Low">The first offset that the topic has.</param>
/// <param name="High">The offset behind its last record.</param>
/// <param name="IsKnown">Whether ClickHouse has progress of any partition of the topic.</param>
/// <param name="Ordered">Where a rewind orders it to be read from, or null.</param>
/// <param name="Forward">Whether that order may also skip records.</param>
public readonly record struct PartitionFacts(
    long? Committed,
    long? Progress,
    bool IsAnother,
    long Low,
    long High,
    bool IsKnown,
    long? Ordered = null,
    bool Forward = false
);

/// <summary>Why a partition begins where it does: the rows of the table in <c>docs/cdcsink.md</c>.</summary>
public enum StartKind
{
    Committed,
    Progress,
    ClickHouseBehind,
    ClickHouseEmpty,
    GroupBehindTopic,
    First,
    Added,
    Rewound,
    TopicRecreated,
    LostReadOn,
    LostStopped,
}

/// <summary>Where a partition begins. ClickHouse's progress is the truth, the group's offset only says what to read again.</summary>
/// <param name="Kind">Why.</param>
/// <param name="Offset">The first offset to read; for a stopped partition the one that it lacks.</param>
/// <param name="Lost">Records that are gone and had no effect here.</param>
public readonly record struct PartitionStart(StartKind Kind, long Offset, long Lost = 0)
{
    public static PartitionStart Of(in PartitionFacts facts, FirstStart first, LostOffset lost)
    {
        var (committed, progress, low, high) = (facts.Committed, facts.Progress, facts.Low, facts.High);
        // Before an order is obeyed: it is about the former topic.
        if (facts.IsAnother || (progress ?? committed) > high)
        {
            return new(StartKind.TopicRecreated, low);
        }
        if (facts.Ordered is { } ordered && (facts.Forward || ordered <= (Least(committed, progress) ?? long.MaxValue)))
        {
            return new(StartKind.Rewound, Math.Clamp(ordered, low, high));
        }
        if (progress is not { } reached)
        {
            return OfUnknown(facts, first, lost);
        }
        var wanted = Least(committed, progress)!.Value;
        if (wanted < low)
        {
            // What is gone had its effect, where ClickHouse was further than the group.
            return reached >= low ? new(StartKind.GroupBehindTopic, low) : OfLost(reached, low, lost);
        }
        return committed is null ? new(StartKind.Progress, reached)
            : committed > reached ? new(StartKind.ClickHouseBehind, reached)
            : new(StartKind.Committed, committed.Value);
    }

    /// <summary>The broker does not have the offset that a running replica stands at.</summary>
    public static PartitionStart OfRefused(long position, long low, LostOffset lost) =>
        // Offsets only grow while a topic lives: one that is not too old was beyond the end.
        position < low
            ? OfLost(position, low, lost)
            : new(StartKind.TopicRecreated, low);

    static PartitionStart OfUnknown(in PartitionFacts facts, FirstStart first, LostOffset lost)
    {
        if (facts.Committed is null && facts.IsKnown)
        {
            // All of its records came after the sink knew the topic, so none may be missed, whatever FirstStart says.
            return facts.Low == 0 ? new(StartKind.Added, 0) : OfLost(0, facts.Low, lost);
        }
        var kind = facts.Committed is null ? StartKind.First : StartKind.ClickHouseEmpty;
        var wanted = first == FirstStart.Beginning ? 0 : facts.Committed ?? facts.High;
        return wanted >= facts.Low ? new(kind, wanted) : OfLost(wanted, facts.Low, lost);
    }

    static PartitionStart OfLost(long wanted, long low, LostOffset lost) =>
        lost == LostOffset.Earliest ? new(StartKind.LostReadOn, low, low - wanted) : new(StartKind.LostStopped, wanted, low - wanted);

    static long? Least(long? left, long? right) =>
        left is null ? right
        : right is null ? left
        : Math.Min(left.Value, right.Value);
}
