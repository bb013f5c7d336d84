using Betting.Connections;
using Confluent.Kafka;

namespace Betting.Ingest.Receive.Kafka;

/// <summary>Once a second: how much waits and for how long, and whether a broker that was away is back.</summary>
sealed class KafkaWatch(KafkaOutage outage, IngestMetrics metrics, TimeProvider clock)
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    // A partition that stands for less moves with the next batches.
    static readonly TimeSpan ToldFrom = TimeSpan.FromSeconds(10);

    readonly KafkaBacklog _backlog = new(clock);
    long _looked;

    /// <returns>True where it was time to look.</returns>
    public bool Poll(IConsumer<byte[]?, byte[]> consumer, KafkaGathering gathering, IReadOnlyCollection<KafkaBatch> inHand)
    {
        if (_looked != 0 && clock.GetElapsedTime(_looked) < Every)
        {
            return false;
        }
        _looked = clock.GetTimestamp();
        if (_backlog.Poll(consumer) is { } waiting)
        {
            metrics.Queue(KafkaDoor.Door, waiting.Records);
            metrics.QueueStands(KafkaDoor.Door, waiting.Standing.Values.DefaultIfEmpty().Max());
            metrics.PartitionsStand(waiting.Standing.Where(partition => partition.Value >= ToldFrom).ToDictionary());
            // A leader is elected within seconds, and the others have nothing to do with this replica.
            outage.Led([.. waiting.Untold.Where(each => each.Value >= ToldFrom).Select(each => each.Key).Intersect(consumer.Assignment)]);
        }
        var unfinished = inHand.Where(batch => !batch.Handling.IsCompleted).ToArray();
        long? oldest =
            unfinished is [var first, ..] ? first.Since
            : gathering.Records.Count > 0 ? gathering.Since
            : null;
        metrics.InFlight(KafkaDoor.Door, oldest is { } since ? clock.GetElapsedTime(since) : TimeSpan.Zero);
        outage.Poll(consumer);
        return true;
    }

    /// <summary>To be called before the consumer is closed.</summary>
    public void Close() => _backlog.Close();
}
