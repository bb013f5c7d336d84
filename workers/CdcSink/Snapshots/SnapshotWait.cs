using Betting.CdcSink.KafkaTopics;
using Betting.CdcSink.Messages;
using Confluent.Kafka;

namespace Betting.CdcSink.Snapshots;

/// <summary>
/// How far the tables' topics have to be read before a snapshot that ended may be settled: each partition to the position that it had
/// when the end was seen. The end itself stands in the topic of one table and says nothing about the others. Pure.
/// </summary>
public sealed class SnapshotWait
{
    readonly List<(TopicPartition Partition, long End, ulong Generation)> _open = [];

    /// <param name="ends">Where the tables' topics end, read after the snapshot's end was read.</param>
    /// <param name="progress">How far each partition had its effect then.</param>
    public SnapshotWait(IEnumerable<StreamEnd> ends, IReadOnlyDictionary<TopicPartition, PartitionPosition> progress)
    {
        foreach (var end in ends.Where(end => end.End > end.First))
        {
            var partition = new TopicPartition(end.Topic, end.Partition);
            var known = progress.GetValueOrDefault(partition);
            // Progress beyond the end is that of a former topic.
            _open.Add((partition, end.End, known.NextOffset > end.End ? known.Generation + 1 : known.Generation));
        }
    }

    /// <summary>The topic of a partition was made anew since, so its position is another one: a new wait has to be begun.</summary>
    public bool IsStale(IReadOnlyDictionary<TopicPartition, PartitionPosition> progress) =>
        _open.Exists(each => progress.TryGetValue(each.Partition, out var reached) && reached.Generation > each.Generation);

    /// <summary>True once every partition has passed its position.</summary>
    public bool IsOver(IReadOnlyDictionary<TopicPartition, PartitionPosition> progress)
    {
        _open.RemoveAll(each =>
            progress.TryGetValue(each.Partition, out var reached) && reached.NextOffset >= each.End && reached.Generation == each.Generation
        );
        return _open.Count == 0;
    }
}
