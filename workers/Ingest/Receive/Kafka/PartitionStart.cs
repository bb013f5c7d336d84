using Confluent.Kafka;

namespace Betting.Ingest.Receive.Kafka;

/// <summary>Where a partition begins: by what the group has committed and by the place that PostgreSQL has of it.</summary>
/// <param name="Wanted">The offset of the first record that is not applied yet, as far as that is known.</param>
/// <param name="IsKnown">False where neither the group nor PostgreSQL knows of it: it begins at 0.</param>
/// <param name="Witness">
/// The last record that was applied. It is read again first: only where it is the same one, the place is the same.
/// </param>
/// <param name="IsAnew">The topic is another one than that which was applied: it was made anew under the same name.</param>
public readonly record struct PartitionStart(long Wanted, bool IsKnown, RecordMark? Witness, bool IsAnew)
{
    /// <summary>What is read first.</summary>
    public long Begin => Witness is { } witness ? Math.Min(witness.Offset, Wanted) : Wanted;

    /// <summary>
    /// The lesser of the two, because what comes again is a duplicate. So a PostgreSQL that was restored, or failed over to a standby that
    /// lagged, gets again what it lost, and an offset that a stranger in the group has committed passes over nothing.
    /// </summary>
    /// <param name="committed">The group's offset, or <see cref="Offset.Unset"/>.</param>
    /// <param name="place">What PostgreSQL has; null where it has nothing.</param>
    /// <param name="topicId">The topic's id now; empty where the brokers tell none.</param>
    public static PartitionStart Of(Offset committed, KafkaPlace? place, string topicId) =>
        (place, committed.IsSpecial) switch
        {
            ({ } other, _) when other.TopicId.Length > 0 && topicId.Length > 0 && other.TopicId != topicId => new(0, false, null, true),
            (null or { Next: 0, Last: null }, true) => new(0, false, null, false),
            ({ } known, true) => new(known.Next, true, known.Last, false),
            ({ } known, false) => new(Math.Min(known.Next, committed.Value), true, known.Last, false),
            (null, false) => new(committed.Value, true, null, false),
        };

    /// <summary>
    /// What is to be done where the topic does not have the record at which the partition was to begin, or has another one there.
    /// </summary>
    /// <param name="hasCommitted">The group has an offset now.</param>
    /// <param name="first">The first offset that the topic has.</param>
    /// <param name="end">The offset behind its last record.</param>
    /// <param name="isOther">Another record than the witness stands at its offset.</param>
    public Verdict Judge(bool hasCommitted, long first, long end, bool isOther)
    {
        if (!isOther && Witness is { } witness)
        {
            if (first > witness.Offset && first <= Wanted && Wanted <= end)
            {
                // Retention has removed the witness, and nothing that was not applied.
                return new(Wanted, null, false);
            }
            if (first > Wanted && first <= witness.Offset && witness.Offset < end)
            {
                // The group's offset is an old one; all before the witness is applied.
                return new(witness.Offset, null, false);
            }
        }
        if (first == 0 && !hasCommitted)
        {
            // Kafka deletes a group's offsets with the topic. What a topic has from its first record on is read whole.
            return new(0, null, IsKnown);
        }
        return new(first, new LostPlace(Wanted, IsKnown, first, end, isOther), false);
    }
}

/// <summary>What becomes of a partition whose beginning is gone.</summary>
/// <param name="From">The offset from which it can be read.</param>
/// <param name="Lost">What is lost then; null where nothing is.</param>
/// <param name="IsAnew">The topic was made anew.</param>
public readonly record struct Verdict(long From, LostPlace? Lost, bool IsAnew);
