using Betting.CdcSink.Messages;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Read;

/// <summary>Where a partition begins, and what it was decided on.</summary>
readonly record struct Begun(TopicPartition Partition, PartitionStart Start, PartitionPosition Position, long Low, long High)
{
    /// <summary>Whether ClickHouse has to know before the first record is read.</summary>
    public bool IsNews => Start.Kind is StartKind.First or StartKind.Added or StartKind.TopicRecreated or StartKind.ClickHouseEmpty;
}

/// <summary>Says where each partition begins and why; whoever reads a log must find every beginning that is out of the ordinary.</summary>
sealed class PartitionStartLog(StoppedPartitions stopped, CdcSinkOptions options, StartMetrics metrics, ILogger log)
{
    /// <param name="begun">Decided just now.</param>
    /// <param name="committed">The group's offset before; null where it had none.</param>
    /// <param name="reached">The offset that ClickHouse knew of; null where it knew of none.</param>
    public void Log(in Begun begun, long? committed, long? reached)
    {
        var (name, start) = (StoppedPartitions.Name(begun.Partition), begun.Start);
        stopped.Remove(begun.Partition);
        metrics.Begun(begun.Partition.Topic, start);
        switch (start.Kind)
        {
            case StartKind.First:
                CdcSinkLog.FirstStart(log, name, options.FirstStart);
                break;
            case StartKind.Progress:
                CdcSinkLog.GoesOnFromProgress(log, name, start.Offset);
                break;
            case StartKind.ClickHouseBehind:
                CdcSinkLog.ClickHouseBehindGroup(log, name, committed ?? 0, start.Offset);
                break;
            case StartKind.ClickHouseEmpty:
                CdcSinkLog.ClickHouseKnowsNothing(log, name, committed, start.Offset);
                break;
            case StartKind.GroupBehindTopic:
                CdcSinkLog.GroupBehindTopic(log, name, committed, start.Offset);
                break;
            case StartKind.Added:
                CdcSinkLog.PartitionAdded(log, name);
                break;
            case StartKind.Rewound:
                CdcSinkLog.Rewound(log, name, start.Offset);
                break;
            case StartKind.TopicRecreated:
                CdcSinkLog.TopicRecreated(log, name, reached ?? committed ?? 0, begun.Low, begun.High);
                break;
            case StartKind.LostReadOn:
                CdcSinkLog.ReadsOnAfterLoss(log, name, start.Lost, start.Offset);
                break;
            case StartKind.LostStopped:
                stopped.Add(begun.Partition, start.Offset, begun.Low, begun.High);
                break;
        }
    }
}
