using Betting.Contracts;
using Betting.Hosting;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Betting.Ingest.Doors;

/// <summary>
/// Where each partition is read from, and what happens when that place is gone: records were deleted before they were applied, or the
/// topic was made anew. Never a silent jump: log, metric and readiness say it, and an option what is done.
/// </summary>
/// <remarks>Used on the consumer's thread alone.</remarks>
sealed class KafkaOffsets(
    IngestOptions options, GroupWithoutOffsets groups, Readiness readiness, IngestMetrics metrics, TimeProvider clock, ILogger log)
{
    /// <summary>The condition's name in readiness.</summary>
    public const string Condition = "kafka-offsets";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(5), SayAgainAfter = TimeSpan.FromMinutes(1);

    readonly Dictionary<TopicPartition, LostPlace> _stopped = [];

    // Partitions that were assigned while the coordinator did not tell what the group had committed.
    readonly HashSet<TopicPartition> _unknown = [];

    // Where each partition was told to begin. The client forgets a place from which nothing has been read when partitions are assigned anew.
    readonly Dictionary<TopicPartition, Offset> _begun = [];

    // Offsets that the broker did not have, of which it has not told yet what the group had committed.
    readonly HashSet<TopicPartition> _undecided = [];
    long _said;

    /// <summary>
    /// Behind what the group has committed; without an offset at 0, which the broker refuses where the topic does not have its first
    /// records any more (<see cref="Lost"/>). Never throws: an assignment that fails leaves the replica without partitions. Where the
    /// coordinator does not tell (it moves, it loads), the client asks again by itself.
    /// </summary>
    public List<TopicPartitionOffset> Begin(IConsumer<byte[]?, byte[]> consumer, List<TopicPartition> partitions)
    {
        Forget(partitions);
        if (partitions.Count == 0)
        {
            return [];
        }
        try
        {
            return Noted(Starts(consumer, partitions));
        }
        catch (KafkaException unanswered)
        {
            // The client may get an answer by itself; after some errors it asks no more, and then BeginUnknown does.
            _unknown.UnionWith(partitions);
            IngestLog.KafkaTrouble(log, unanswered.Error.Code.ToString(), unanswered.Error.Reason);
            return partitions.ConvertAll(partition => new TopicPartitionOffset(partition, Offset.Stored));
        }
    }

    public void Forget(IEnumerable<TopicPartition> partitions)
    {
        foreach (var partition in partitions)
        {
            _stopped.Remove(partition);
            _undecided.Remove(partition);
            _unknown.Remove(partition);
            _begun.Remove(partition);
        }
        Tell();
    }

    /// <summary>The broker does not have the offset that this partition is to be read from.</summary>
    public void Lost(IConsumer<byte[]?, byte[]> consumer, TopicPartition partition)
    {
        try
        {
            Decide(consumer, partition);
            _undecided.Remove(partition);
        }
        catch (KafkaException unanswered)
        {
            // Decided when the broker answers; the partition stands until then.
            _undecided.Add(partition);
            IngestLog.KafkaTrouble(log, unanswered.Error.Code.ToString(), unanswered.Error.Reason);
        }
    }

    /// <summary>Decides on partitions of which the broker could not be asked before; called about once a second.</summary>
    public void Retry(IConsumer<byte[]?, byte[]> consumer)
    {
        if (_unknown.Count > 0)
        {
            BeginUnknown(consumer);
        }
        if (_undecided.Count > 0)
        {
            Lost(consumer, _undecided.First());
        }
        Tell();
    }

    List<TopicPartitionOffset> Starts(IConsumer<byte[]?, byte[]> consumer, IEnumerable<TopicPartition> partitions)
    {
        var starts = consumer.Committed(partitions, Patience);
        if (starts.Exists(start => start.Offset == Offset.Unset))
        {
            groups.Look(consumer);
        }
        return starts.ConvertAll(start => start.Offset == Offset.Unset ? new TopicPartitionOffset(start.TopicPartition, 0) : start);
    }

    void BeginUnknown(IConsumer<byte[]?, byte[]> consumer)
    {
        try
        {
            var starts = Starts(consumer, _unknown).ToDictionary(start => start.TopicPartition, start => start.Offset);
            consumer.Assign(Noted(consumer.Assignment.ConvertAll(each => new TopicPartitionOffset(
                each, Where(consumer, each) is { IsSpecial: false } place ? place : starts.GetValueOrDefault(each, Offset.Stored)))));
            _unknown.Clear();
        }
        catch (KafkaException)
        {
            // Readiness says it; asked again in a second.
        }
    }

    void Decide(IConsumer<byte[]?, byte[]> consumer, TopicPartition partition)
    {
        var committed = consumer.Committed([partition], Patience).Single().Offset;
        var watermarks = consumer.QueryWatermarkOffsets(partition, Patience);
        var (first, end) = (watermarks.Low.Value, watermarks.High.Value);
        // An answer to what was asked before the partition was told to begin at its first record says nothing new.
        var isDecided = _begun.GetValueOrDefault(partition, Offset.Unset) == first;
        if (isDecided || LostPlace.Of(committed, consumer.Position(partition), first, end) is not { } lost)
        {
            ReadFrom(consumer, partition, first);
            return;
        }
        metrics.OffsetLost(lost.Lost);
        if (options.LostOffset == LostOffset.Earliest)
        {
            IngestLog.OffsetLostReadAgain(log, Topics.Commands, partition.Partition.Value, lost.Place, first, end, lost.Loss);
            ReadFrom(consumer, partition, first);
            return;
        }
        _stopped[partition] = lost;
        _said = 0;
        Tell();
    }

    // Not a seek, which a partition that stands at an error does not follow: the same partitions anew, each where it is.
    void ReadFrom(IConsumer<byte[]?, byte[]> consumer, TopicPartition partition, long first) =>
        consumer.Assign(Noted(consumer.Assignment.ConvertAll(each => new TopicPartitionOffset(each, each == partition ? first : Where(consumer, each)))));

    // Behind the last record that was read; where none was, the place that was assigned last, or behind what is committed.
    Offset Where(IConsumer<byte[]?, byte[]> consumer, TopicPartition partition) =>
        consumer.Position(partition) is { IsSpecial: false } position ? position : _begun.GetValueOrDefault(partition, Offset.Stored);

    List<TopicPartitionOffset> Noted(List<TopicPartitionOffset> assigned)
    {
        foreach (var each in assigned.Where(each => !each.Offset.IsSpecial))
        {
            _begun[each.TopicPartition] = each.Offset;
        }
        return assigned;
    }

    /// <summary>Says once a minute what still stands; called often.</summary>
    public void Tell()
    {
        metrics.PartitionsStopped(_stopped.Count);
        if (_undecided.Count > 0 || _unknown.Count > 0)
        {
            readiness.Set(Condition, false, "the broker does not tell the group's offsets");
            return;
        }
        if (_stopped.Count == 0)
        {
            readiness.Set(Condition, true);
            return;
        }
        readiness.Set(Condition, false, $"offset lost in partitions {string.Join(", ", _stopped.Keys.Select(partition => partition.Partition.Value).Order())}");
        if (_said == 0 || clock.GetElapsedTime(_said) >= SayAgainAfter)
        {
            _said = clock.GetTimestamp();
            foreach (var (partition, lost) in _stopped)
            {
                IngestLog.OffsetLostStopped(log, Topics.Commands, partition.Partition.Value, lost.Place, lost.First, lost.End);
            }
        }
    }
}
