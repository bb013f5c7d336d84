using Betting.Connections;
using Confluent.Kafka;

namespace Betting.Ingest.Doors;

/// <summary>Once a second: how much waits and for how long, and whether a broker that was away is back.</summary>
sealed class KafkaWatch(KafkaOutage outage, IngestMetrics metrics, TimeProvider clock)
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    long _looked;

    /// <returns>True where it was time to look.</returns>
    public bool Look(IConsumer<byte[]?, byte[]> consumer, IReadOnlyList<ConsumeResult<byte[]?, byte[]>> gathering, IReadOnlyCollection<KafkaBatch> inHand)
    {
        if (_looked != 0 && clock.GetElapsedTime(_looked) < Every)
        {
            return false;
        }
        _looked = clock.GetTimestamp();
        var unfinished = inHand.Where(batch => !batch.Handling.IsCompleted).ToArray();
        metrics.Queue(KafkaDoor.Door, Behind(consumer) + gathering.Count + unfinished.Sum(batch => batch.Count));
        var oldest = unfinished is [var first, ..] ? first.Oldest : gathering is [var record, ..] ? KafkaTime.At(record.Message.Timestamp).UtcDateTime : (DateTime?)null;
        metrics.QueueAge(KafkaDoor.Door, oldest is { } since ? clock.GetUtcNow().UtcDateTime - since : TimeSpan.Zero);
        outage.Look(consumer);
        return true;
    }

    // Records behind what this replica has read, as of the last fetch; of its own partitions.
    static long Behind(IConsumer<byte[]?, byte[]> consumer)
    {
        var behind = 0L;
        foreach (var partition in consumer.Assignment)
        {
            var (end, position) = (consumer.GetWatermarkOffsets(partition).High.Value, consumer.Position(partition).Value);
            behind += end >= 0 && position >= 0 ? Math.Max(0, end - position) : 0;
        }
        return behind;
    }
}
