using Confluent.Kafka;

namespace Betting.Ingest.Receive.Kafka;

/// <summary>
/// Where partitions end whose every record was gathered. Behind the last record may stand offsets that hold none: transaction markers,
/// aborted transactions, what was compacted. They are committed too, once everything before them is applied; otherwise a retention that
/// deletes them would look like commands that were lost. For the consumer's thread alone.
/// </summary>
sealed class KafkaEnds
{
    readonly Dictionary<TopicPartition, (Offset End, int Generation)> _ends = [];

    /// <summary>The consumer reached the partition's end.</summary>
    public void Reach(TopicPartitionOffset end, int generation) => _ends[end.TopicPartition] = (end.Offset, generation);

    /// <summary>A record came: the end that was known lies before it.</summary>
    public void Pass(TopicPartition partition) => _ends.Remove(partition);

    public void Forget(IEnumerable<TopicPartition> partitions)
    {
        foreach (var partition in partitions)
        {
            _ends.Remove(partition);
        }
    }

    /// <summary>To be called while no record is gathered or in hand: all before the ends is applied.</summary>
    public void Store(IConsumer<byte[]?, byte[]> consumer, KafkaOffsets offsets)
    {
        foreach (var (partition, (end, generation)) in _ends)
        {
            offsets.Applied(partition, end, null, generation);
            try
            {
                consumer.StoreOffset(new TopicPartitionOffset(partition, end));
            }
            catch (KafkaException gone) when (gone.Error.Code == ErrorCode.Local_State)
            {
                // Taken away meanwhile: its new owner reaches the end by itself.
            }
        }
        _ends.Clear();
    }
}
