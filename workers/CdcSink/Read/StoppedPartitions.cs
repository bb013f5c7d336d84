using Betting.Hosting;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Read;

/// <summary>
/// Partitions whose next record is gone: they wait for an operator, and say so in readiness, metric and, once a minute, log.
/// </summary>
sealed class StoppedPartitions(Readiness readiness, StartMetrics metrics, TimeProvider clock, ILogger log)
{
    /// <summary>The condition's name in readiness.</summary>
    public const string Condition = "kafka-offsets";

    static readonly TimeSpan SayAgainAfter = TimeSpan.FromMinutes(1);

    readonly Dictionary<TopicPartition, (long Wanted, long First, long End)> _stopped = [];
    long? _reported;

    public void Add(TopicPartition partition, long wanted, long first, long end)
    {
        _stopped[partition] = (wanted, first, end);
        _reported = null;
    }

    public void Remove(TopicPartition partition) => _stopped.Remove(partition);

    /// <summary>To be called often.</summary>
    public void Report()
    {
        metrics.Stopped(_stopped.Count);
        readiness.Set(
            Condition,
            _stopped.Count == 0,
            $"records gone before they were read: {string.Join(", ", _stopped.Keys.Select(Name).Order(StringComparer.Ordinal))}"
        );
        if (_stopped.Count > 0 && (_reported is null || clock.GetElapsedTime(_reported.Value) >= SayAgainAfter))
        {
            _reported = clock.GetTimestamp();
            foreach (var (partition, (wanted, first, end)) in _stopped)
            {
                CdcSinkLog.OffsetLost(log, Name(partition), wanted, first, end);
            }
        }
    }

    public static string Name(TopicPartition partition) => $"{partition.Topic}/{partition.Partition.Value}";
}
