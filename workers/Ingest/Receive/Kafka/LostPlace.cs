using Confluent.Kafka;

namespace Betting.Ingest.Receive.Kafka;

/// <summary>The next record of a partition is no longer in the topic.</summary>
/// <param name="Wanted">Its offset.</param>
/// <param name="IsKnown">
/// False where the group has no offset: it has never read the partition, or its offset expired, or the topic was recreated. Which of the
/// deleted records were applied is not known then.
/// </param>
/// <param name="First">The first offset that the topic has.</param>
/// <param name="End">The offset behind its last record.</param>
/// <param name="IsOther">
/// True where another record stands at the offset of the last one that was applied: records were lost, and others have taken their offsets.
/// </param>
public readonly record struct LostPlace(long Wanted, bool IsKnown, long First, long End, bool IsOther = false)
{
    /// <summary>Records that are deleted and were not applied, where that is known; else 0.</summary>
    public long Lost => IsKnown ? Math.Max(0, First - Wanted) : 0;

    /// <summary>For the log.</summary>
    public string Place =>
        (IsKnown, IsOther) switch
        {
            (_, true) => $"offset {Wanted} (the record before it is another one than that which was applied: records were lost)",
            (true, _) => $"offset {Wanted}",
            _ => $"offset {Wanted} (the group has none and begins there)",
        };

    /// <summary>For the log.</summary>
    public string Loss =>
        (IsKnown, IsOther) switch
        {
            (_, true) => "how many records are lost is not known",
            (true, _) => $"{Lost} records are lost",
            _ => $"{First} records were deleted before it, and which of them were applied is not known",
        };

    /// <param name="committed">The group's offset, or <see cref="Offset.Unset"/>.</param>
    /// <param name="position">Behind the last record that this replica read, or a special value.</param>
    /// <param name="first">The first offset that the topic has.</param>
    /// <param name="end">The offset behind its last record.</param>
    /// <returns>Null where nothing is lost: the partition has not been read, and the topic has all of its records.</returns>
    public static LostPlace? Of(Offset committed, Offset position, long first, long end) =>
        (committed.IsSpecial, position.IsSpecial) switch
        {
            (false, _) => new(committed.Value, true, first, end),
            (true, false) => new(position.Value, true, first, end),
            (true, true) => first == 0 ? null : new(0, false, first, end),
        };
}
