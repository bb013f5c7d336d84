using Betting.CdcSink.Batches;
using Betting.Debezium;
using Confluent.Kafka;

namespace Betting.CdcSink.Consume;

/// <summary>How far each partition that is read has been read.</summary>
sealed class ReadPositions
{
    readonly Dictionary<TopicPartition, PartitionPosition> _positions = [];

    /// <summary>Where each goes on.</summary>
    public IEnumerable<TopicPartitionOffset> Next => _positions.Select(each => new TopicPartitionOffset(each.Key, each.Value.NextOffset));

    /// <returns>Where this one goes on; null where it is not read.</returns>
    public long? NextOf(TopicPartition partition) => _positions.TryGetValue(partition, out var position) ? position.NextOffset : null;

    /// <param name="partition">Begins, or begins anew.</param>
    /// <param name="position">Where; null where it is not to be read.</param>
    public void Begin(TopicPartition partition, PartitionPosition? position)
    {
        _positions.Remove(partition);
        if (position is { } first)
        {
            _positions[partition] = first;
        }
    }

    /// <summary>A record was read.</summary>
    public void Read(TopicPartition partition, in StreamRecord record, in DecodedRecord decoded)
    {
        var position = _positions.GetValueOrDefault(partition, new PartitionPosition(record.Topic, record.Partition, 0, 0, 0, 0));
        _positions[partition] = position with
        {
            NextOffset = record.Offset + 1,
            FirstOffset = position.FirstOffset ?? record.Offset,
            RecordMs = record.TimestampMs,
            Version = Math.Max(position.Version, decoded.Version.Value),
            // A record that was sent again, or is read again, is older than what is visible.
            CommittedAt = Math.Max(position.CommittedAt, decoded.CommitTime),
        };
    }

    /// <summary>Tells the batch where every partition stands, idle ones too, whose end may have been seen meanwhile.</summary>
    /// <param name="batch">The next one begins where it ends.</param>
    /// <param name="endOf">A partition's end as of the last fetch; negative where nobody knows.</param>
    public void WriteTo(ChangeBatch batch, Func<TopicPartition, long> endOf)
    {
        foreach (var (partition, position) in _positions)
        {
            batch.Positions.Add(position with { EndOffset = Math.Max(endOf(partition), position.NextOffset) });
            _positions[partition] = position with { FirstOffset = null };
        }
    }

    public void Clear() => _positions.Clear();
}
