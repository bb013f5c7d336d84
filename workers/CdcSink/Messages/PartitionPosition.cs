namespace Betting.CdcSink.Messages;

/// <summary>How far one partition has been read.</summary>
/// <param name="NextOffset">
/// The consumer's position: every record below it has been read. Offsets without a record, such as transaction markers, count.
/// </param>
/// <param name="EndOffset">The partition's end as the broker last said it.</param>
/// <param name="Version">The highest version among its changes.</param>
/// <param name="CommittedAt">When the source committed its last record, microseconds since 1970 UTC.</param>
public readonly record struct PartitionPosition(
    string Topic,
    int Partition,
    long NextOffset,
    long EndOffset,
    ulong Version,
    long CommittedAt
)
{
    /// <summary>The offset of its first record in this batch; null where it has none.</summary>
    public long? FirstOffset { get; init; }

    /// <summary>The offset of the last record read; it may lie more than one before <see cref="NextOffset"/>.</summary>
    public long RecordOffset { get; init; }

    /// <summary>The last change read; version 0 where none is known.</summary>
    public LastChange LastChange { get; init; }

    /// <summary>Kafka's timestamp of the last record read, milliseconds since 1970 UTC; 0 where it is not known.</summary>
    public long RecordMs { get; init; }

    /// <summary>Which topic of this name it is: higher for one that was made anew.</summary>
    public ulong Generation { get; init; }

    /// <summary>Counts how often this replica began to read the partition; what was read before it began again is not committed.</summary>
    public int Turn { get; init; }
}

/// <summary>A partition's last change.</summary>
/// <param name="Id">Of its row.</param>
/// <param name="Version">Of the change.</param>
/// <param name="Offset">Of its record; less than 0 where that is not known.</param>
public readonly record struct LastChange(long Id, ulong Version, long Offset);
