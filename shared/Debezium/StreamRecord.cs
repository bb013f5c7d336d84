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
    string Topic, int Partition, long Offset, long TimestampMs, byte[]? Key, byte[]? Value, IReadOnlyList<RecordHeader> Headers);

/// <summary>A Kafka header: a name and bytes, which may be absent.</summary>
public readonly record struct RecordHeader(string Name, byte[]? Value);
