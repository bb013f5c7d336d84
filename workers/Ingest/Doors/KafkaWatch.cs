using Betting.Connections;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Betting.Ingest.Doors;

/// <summary>Once a second: how much waits and for how long, and whether a broker that was away is back.</summary>
sealed class KafkaWatch(KafkaOutage outage, IngestMetrics metrics, TimeProvider clock, ILogger log)
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(1), ReportAfter = TimeSpan.FromMinutes(1);

    readonly KafkaBacklog _backlog = new(clock);
    TopicPartitionOffset? _reported;
    long _looked;

    /// <returns>True where it was time to look.</returns>
    public bool Look(IConsumer<byte[]?, byte[]> consumer, KafkaGathering gathering, IReadOnlyCollection<KafkaBatch> inHand)
    {
        if (_looked != 0 && clock.GetElapsedTime(_looked) < Every)
        {
            return false;
        }
        _looked = clock.GetTimestamp();
        var (waiting, standing, at) = _backlog.Look(consumer);
        Report(waiting, standing, at);
        var unfinished = inHand.Where(batch => !batch.Handling.IsCompleted).ToArray();
        metrics.Queue(KafkaDoor.Door, waiting);
        var oldest = unfinished is [var first, ..] ? first.Oldest : gathering.Records is [var record, ..] ? KafkaTime.At(record.Message.Timestamp).UtcDateTime : (DateTime?)null;
        var age = oldest is { } since ? clock.GetUtcNow().UtcDateTime - since : TimeSpan.Zero;
        metrics.QueueAge(KafkaDoor.Door, age > standing ? age : standing);
        outage.Look(consumer);
        return true;
    }

    // Once for each place: its commands wait behind the same record until it moves.
    void Report(long waiting, TimeSpan standing, TopicPartitionOffset? at)
    {
        if (at is not null && standing >= ReportAfter && !at.Equals(_reported))
        {
            _reported = at;
            IngestLog.CommandsStand(log, waiting, $"the topic {at.Topic}, the oldest in partition {at.Partition.Value} from offset {at.Offset.Value} on,", standing.TotalSeconds,
                "a publisher's transaction is open there, or a batch or a replica stands still");
        }
    }

    /// <summary>To be called before the consumer is closed.</summary>
    public void Close() => _backlog.Close();
}
