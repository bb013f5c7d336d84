using System.Globalization;
using Betting.CdcSink.Messages;
using Confluent.Kafka;

namespace Betting.CdcSink.Read;

/// <summary>Beginnings that leave out records that were never read, or may do: nobody knows what these held. Pure.</summary>
static class SkippedRecords
{
    /// <param name="partition">Of a topic of rows.</param>
    /// <param name="start">Where it begins.</param>
    /// <param name="before">What ClickHouse knew of it; null where it knew nothing.</param>
    /// <returns>Names the sign, the same however often it is decided, and says it to people; null where nothing is left out.</returns>
    public static (string Id, string Reason)? Of(TopicPartition partition, PartitionStart start, PartitionPosition? before)
    {
        var (reached, generation) = (before?.NextOffset ?? 0, before?.Generation ?? 0);
        var name = StoppedPartitions.Name(partition);
        return start.Kind switch
        {
            // It waits, and progress with it.
            StartKind.LostStopped => null,
            StartKind.TopicRecreated => (
                FormattableString.Invariant($"{name} made anew after {reached}, generation {generation}"),
                "a topic was deleted and made anew, or lost its end: records that were not read may be gone with it"
            ),
            _ when start.Offset > reached => (
                string.Create(CultureInfo.InvariantCulture, $"{name} from {reached} to {start.Offset}, generation {generation}"),
                "records were left out: gone before they were read, or skipped"
            ),
            _ => null,
        };
    }
}
