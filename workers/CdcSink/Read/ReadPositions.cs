using Betting.CdcSink.Messages;
using Betting.Debezium;
using Confluent.Kafka;

namespace Betting.CdcSink.Read;

/// <summary>How far each partition that is read has been read.</summary>
sealed class ReadPositions
{
    readonly Dictionary<TopicPartition, Place> _places = [];

    // Records of a partition come together, and comparing is cheaper than looking up.
    Place? _last;

    /// <summary>Where each goes on.</summary>
    public IEnumerable<TopicPartitionOffset> Next =>
        _places.Select(each => new TopicPartitionOffset(each.Key, each.Value.Position.NextOffset));

    /// <returns>Where this one goes on; null where it is not read.</returns>
    public long? NextOf(TopicPartition partition) => _places.TryGetValue(partition, out var place) ? place.Position.NextOffset : null;

    /// <param name="partition">Begins, or begins anew.</param>
    /// <param name="position">Where; null where it is not to be read.</param>
    public void Begin(TopicPartition partition, PartitionPosition? position)
    {
        _last = null;
        _places.Remove(partition);
        if (position is { } first)
        {
            _places[partition] = new Place { Position = first };
        }
    }

    /// <summary>A record was read.</summary>
    public void Read(in StreamRecord record, in DecodedRecord decoded)
    {
        if (_last is null || _last.Position.Partition != record.Partition || _last.Position.Topic != record.Topic)
        {
            _last = Of(record.Topic, record.Partition);
        }
        var position = _last.Position;
        _last.Position = position with
        {
            NextOffset = record.Offset + 1,
            FirstOffset = position.FirstOffset ?? record.Offset,
            RecordOffset = record.Offset,
            RecordMs = record.TimestampMs,
            LastChange =
                decoded.Kind == RecordKind.RowChange
                    ? new LastChange(decoded.Id, decoded.Version.Value, record.Offset)
                    : position.LastChange,
            Version = Math.Max(position.Version, decoded.Version.Value),
            // A record that was sent again, or is read again, is older than what is visible.
            CommittedAt = Math.Max(position.CommittedAt, decoded.CommitTime),
        };
    }

    /// <summary>The consumer reached the partition's end: every record below this offset has been read.</summary>
    /// <returns>
    /// True where the position moved, over offsets without records: transaction markers, aborted transactions, what was compacted.
    /// </returns>
    public bool ReachEnd(TopicPartition partition, long offset)
    {
        if (!_places.TryGetValue(partition, out var place) || offset <= place.Position.NextOffset)
        {
            return false;
        }
        place.Position = place.Position with { NextOffset = offset };
        return true;
    }

    /// <summary>Tells the batch where every partition stands, idle ones too, whose end may have been seen meanwhile.</summary>
    /// <param name="batch">The next one begins where it ends.</param>
    /// <param name="endOf">A partition's end as of the last fetch; negative where nobody knows.</param>
    public void WriteTo(ChangeBatch batch, Func<TopicPartition, long> endOf)
    {
        foreach (var (partition, place) in _places)
        {
            var position = place.Position;
            batch.Positions.Add(position with { EndOffset = Math.Max(endOf(partition), position.NextOffset) });
            place.Position = position with { FirstOffset = null };
        }
    }

    public void Clear()
    {
        _last = null;
        _places.Clear();
    }

    Place Of(string topic, int partition)
    {
        var key = new TopicPartition(topic, partition);
        if (!_places.TryGetValue(key, out var place))
        {
            _places[key] = place = new Place { Position = new PartitionPosition(topic, partition, 0, 0, 0, 0) };
        }
        return place;
    }

    sealed class Place
    {
        public required PartitionPosition Position { get; set; }
    }
}
