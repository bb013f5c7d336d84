using Betting.Hosting;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Betting.Ingest.Receive.Kafka;

/// <summary>
/// Partitions whose next records the client cannot unpack: a codec that it does not know, broken bytes, or more than its limit once they
/// are unpacked. The broker took them, nobody can tell which commands they are, and how many offsets they take. The client asks again by
/// itself, and the partition stands. Log and readiness say so; an operator decides, see the runbook.
/// </summary>
/// <remarks>Used on the consumer's thread alone.</remarks>
sealed class UnreadableRecords(Readiness readiness, TimeProvider clock, ILogger log)
{
    /// <summary>The condition's name in readiness.</summary>
    public const string Condition = "kafka-records";

    static readonly TimeSpan SayAgainAfter = TimeSpan.FromMinutes(1);

    readonly Dictionary<TopicPartition, (Offset Offset, ErrorCode Code)> _standing = [];
    long? _reported;

    /// <summary>True for an error that is about the bytes of records.</summary>
    public static bool Is(ErrorCode code) =>
        code is ErrorCode.Local_BadCompression or ErrorCode.Local_BadMsg or ErrorCode.Local_NotImplemented;

    /// <summary>The partition stands at this offset.</summary>
    public void Stands(TopicPartitionOffset at, ErrorCode code)
    {
        var isNew = !_standing.ContainsKey(at.TopicPartition);
        _standing[at.TopicPartition] = (at.Offset, code);
        if (isNew || _reported is not { } said || clock.GetElapsedTime(said) >= SayAgainAfter)
        {
            _reported = clock.GetTimestamp();
            Report();
            IngestLog.RecordsUnreadable(log, at.Topic, at.Partition.Value, at.Offset.Value, code.ToString());
        }
    }

    /// <summary>A record of it came, or it is another replica's.</summary>
    public void Passed(TopicPartition partition)
    {
        if (_standing.Count > 0 && _standing.Remove(partition))
        {
            Report();
        }
    }

    void Report() =>
        readiness.Set(
            Condition,
            _standing.Count == 0,
            string.Join(
                "; ",
                _standing.Select(each =>
                    $"{each.Key.Topic}/{each.Key.Partition.Value}: the records at offset {each.Value.Offset.Value} cannot be unpacked "
                    + $"({each.Value.Code})"
                )
            )
        );
}
