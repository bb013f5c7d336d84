using Betting.Contracts;
using Betting.Hosting;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Betting.Ingest.Receive.Kafka;

/// <summary>Says in readiness, metric and log which partitions are not read and why: at once, and then once a minute.</summary>
/// <remarks>For the consumer's thread alone.</remarks>
sealed class OffsetReport(Readiness readiness, IngestMetrics metrics, TimeProvider clock, ILogger log)
{
    static readonly TimeSpan SayAgainAfter = TimeSpan.FromMinutes(1);

    long? _reported;

    /// <summary>What comes next is told at once.</summary>
    public void IsNews() => _reported = null;

    /// <summary>Called often.</summary>
    /// <param name="stopped">Partitions that wait for an operator.</param>
    /// <param name="untold">What a store does not tell, so that partitions are not read; empty where that is nothing.</param>
    /// <param name="refused">The SQLSTATE with which PostgreSQL refuses the places; null where it does not.</param>
    public void Report(IReadOnlyDictionary<TopicPartition, LostPlace> stopped, string untold, string? refused)
    {
        metrics.PartitionsStopped(stopped.Count);
        if (refused is not null && IsDue())
        {
            IngestLog.PlacesRefused(log, refused);
        }
        if (untold.Length > 0)
        {
            readiness.Set(KafkaOffsets.Condition, false, untold);
        }
        else if (refused is not null)
        {
            readiness.Set(KafkaOffsets.Condition, false, $"PostgreSQL refuses the places of partitions ({refused})");
        }
        else if (stopped.Count == 0)
        {
            readiness.Set(KafkaOffsets.Condition, true);
        }
        else
        {
            TellStopped(stopped);
        }
    }

    void TellStopped(IReadOnlyDictionary<TopicPartition, LostPlace> stopped)
    {
        if (IsDue())
        {
            foreach (var (partition, lost) in stopped)
            {
                IngestLog.OffsetLostStopped(log, Topics.Commands, partition.Partition.Value, lost.Place, lost.First, lost.End);
            }
        }
        var partitions = string.Join(", ", stopped.Keys.Select(partition => partition.Partition.Value).Order());
        readiness.Set(KafkaOffsets.Condition, false, $"offset lost in partitions {partitions}");
    }

    bool IsDue()
    {
        if (_reported is { } last && clock.GetElapsedTime(last) < SayAgainAfter)
        {
            return false;
        }
        _reported = clock.GetTimestamp();
        return true;
    }
}
