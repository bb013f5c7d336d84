namespace Betting.Debezium;

/// <summary>One record of a Kafka topic, as the consumer or an archive gives it.</summary>
/// <param name="Topic">Full topic name, such as <c>betting.public.bets</c>.</param>
/// <param name="Partition">Partition within the topic.</param>
/// <param name="Offset">Offset within the partition.</param>
/// <param name="TimestampMs">Kafka's own timestamp, milliseconds since 1970 UTC.</param>
/// <param name="Key">Bytes of the key; null where the record has none.</param>
/// <param name="Value">Bytes of the value; null for a tombstone.</param>
/// <param name="Headers">Headers in their order; a name may come more than once.</param>
public readonly record struct StreamRecord(
    string Topic,
    int Partition,
    long Offset,
    long TimestampMs,
    byte[]? Key,
    byte[]? Value,
    IReadOnlyList<RecordHeader> Headers
)
{
    // A header's objects, and the record's own.
    const int HeaderBytes = 96,
        RecordBytes = 128;

    /// <summary>How many of its headers are not in <see cref="Headers"/>, because they were too many to be held.</summary>
    public int HeadersLeftOut { get; init; }

    /// <summary>About what it takes in memory, in bytes.</summary>
    public long Memory
    {
        get
        {
            var bytes = RecordBytes + (Key?.Length ?? 0L) + (Value?.Length ?? 0L);
            for (var at = 0; at < Headers.Count; at++)
            {
                bytes += HeaderBytes + (sizeof(char) * Headers[at].Name.Length) + (Headers[at].Value?.Length ?? 0);
            }
            return bytes;
        }
    }
}

/// <summary>A Kafka header: a name and bytes, which may be absent.</summary>
public readonly record struct RecordHeader(string Name, byte[]? Value);
