using System.Text;
using Betting.CdcSink.Batches;

namespace Betting.CdcSink.Write;

/// <summary>The rows of <c>sink_progress</c>.</summary>
static class ProgressRows
{
    public const string Columns = "topic, partition, next_offset, end_offset, version, committed_at, recorded_at, record_at, generation";

    /// <param name="rows">Where the row is added.</param>
    /// <param name="position">How far the partition's records have had their effect.</param>
    /// <param name="now">Microseconds since 1970 UTC.</param>
    public static void Add(RowBinaryBuffer rows, in PartitionPosition position, long now)
    {
        rows.WriteString(Encoding.UTF8.GetBytes(position.Topic));
        rows.WriteInt32(position.Partition);
        rows.WriteInt64(position.NextOffset);
        rows.WriteInt64(position.EndOffset);
        rows.WriteUInt64(position.Version);
        rows.WriteInt64(position.CommittedAt);
        rows.WriteInt64(now);
        rows.WriteInt64(position.RecordMs);
        rows.WriteUInt64(position.Generation);
        rows.EndRow();
    }
}
