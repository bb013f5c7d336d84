using Confluent.Kafka;

namespace Betting.CdcSink.Rewind;

/// <summary>An order to read a partition again; a row of <c>rewinds</c>.</summary>
/// <param name="Offset">Where to read from.</param>
/// <param name="Forward">Whether it may also skip what was not read yet.</param>
public sealed record RewindOrder(Guid Id, TopicPartition Partition, long Offset, bool Forward, DateTime OrderedAt);
