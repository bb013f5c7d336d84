using System.Text;
using Betting.CdcSink.Formats;
using Betting.CdcSink.Messages;

namespace Betting.CdcSink.Commit;

/// <summary>The rows of <c>sink_progress</c>.</summary>
static class ProgressRows
{
    static readonly Column[] Columns =
    [
        Column.Text("topic"),
        Column.Int32("partition"),
        Column.Int64("next_offset"),
        Column.Int64("end_offset"),
        Column.UInt64("version"),
        Column.Time("committed_at"),
        Column.Time("recorded_at"),
        Column.Int64("record_offset"),
        Column.Millis("record_at"),
        Column.UInt64("generation"),
        Column.Int64("change_id"),
        Column.UInt64("change_version"),
    ];

    /// <param name="positions">How far each partition's records have had their effect.</param>
    /// <param name="now">Microseconds since 1970 UTC.</param>
    public static NativeRows Of(IEnumerable<PartitionPosition> positions, long now)
    {
        var rows = new NativeRows(Columns);
        foreach (var position in positions)
        {
            Add(rows, position, now);
        }
        return rows;
    }

    static void Add(NativeRows rows, in PartitionPosition position, long now)
    {
        rows.WriteString(Encoding.UTF8.GetBytes(position.Topic));
        rows.WriteInt32(position.Partition);
        rows.WriteInt64(position.NextOffset);
        rows.WriteInt64(position.EndOffset);
        rows.WriteUInt64(position.Version);
        rows.WriteInt64(position.CommittedAt);
        rows.WriteInt64(now);
        rows.WriteInt64(position.RecordOffset);
        rows.WriteInt64(position.RecordMs);
        rows.WriteUInt64(position.Generation);
        rows.WriteInt64(position.LastChange.Id);
        rows.WriteUInt64(position.LastChange.Version);
        rows.EndRow();
    }
}
