using System.Text;
using Betting.CdcSink.Formats;
using Betting.CdcSink.Messages;

namespace Betting.CdcSink.Signs;

/// <summary>
/// Rows of <c>last_watermarks</c>, which never expire: each topic, partition, epoch and generation has <see cref="Slots"/> of them, and a
/// watermark replaces the one that stands in its slot. A connector that was killed sends its last minutes again, so one is not enough.
/// </summary>
static class LastWatermarks
{
    /// <summary>Offsets that are kept. With a watermark a second, four minutes.</summary>
    public const int Slots = 256;

    static readonly Column[] Columns =
    [
        Column.Text("topic"),
        Column.Int32("partition"),
        Column.UInt8("epoch"),
        Column.UInt64("generation"),
        Column.UInt8("slot"),
        Column.Int64("offset"),
        Column.Time("at"),
        Column.UInt64("version"),
        Column.Uuid("id"),
        Column.Uuid("previous"),
        Column.UInt32("timeline"),
        Column.Uuid("publication"),
        Column.Time("started"),
    ];

    /// <param name="watermarks">Of a batch; those of one partition and epoch in the order of their offsets.</param>
    /// <param name="generationOf">Of its topic.</param>
    public static NativeRows Of(IEnumerable<StreamedWatermark> watermarks, Func<StreamedWatermark, ulong> generationOf)
    {
        var rows = new NativeRows(Columns);
        foreach (var run in watermarks.GroupBy(each => (each.Topic, each.Partition, each.Version.Epoch)))
        {
            foreach (var watermark in run.TakeLast(Slots))
            {
                Add(rows, watermark, generationOf(watermark));
            }
        }
        return rows;
    }

    static void Add(NativeRows rows, in StreamedWatermark watermark, ulong generation)
    {
        rows.WriteString(Encoding.UTF8.GetBytes(watermark.Topic));
        rows.WriteInt32(watermark.Partition);
        rows.WriteUInt8((byte)watermark.Version.Epoch);
        rows.WriteUInt64(generation);
        rows.WriteUInt8((byte)(watermark.Offset % Slots));
        rows.WriteInt64(watermark.Offset);
        rows.WriteInt64(watermark.At);
        rows.WriteUInt64(watermark.Version.Value);
        rows.WriteUuid(watermark.Link.Id);
        rows.WriteUuid(watermark.Link.Previous);
        rows.WriteUInt32(watermark.Link.Timeline);
        rows.WriteUuid(watermark.Link.Publication);
        rows.WriteInt64(watermark.Link.StartedAt);
        rows.EndRow();
    }
}
