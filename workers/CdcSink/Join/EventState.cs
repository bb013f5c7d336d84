using System.Runtime.InteropServices;
using Betting.CdcSink.Formats;

namespace Betting.CdcSink.Join;

/// <summary>An event as its stored changes make it, in whatever order they are read.</summary>
[StructLayout(LayoutKind.Auto)]
struct EventState
{
    public const string Columns = "id, version, deleted, not_sent, marks, name, category, start_time, status";

    // The bits of not_sent and marks.
    const int NameBit = 1,
        CategoryBit = 2,
        StartTimeBit = 4,
        StatusBit = 8;

    public RowVersion Latest;
    public Newest<Text> Name;
    public Newest<Text> Category;
    public Newest<long> StartTime;
    public Newest<Text> Status;

    /// <summary>Whether a column is not of its newest change, and the sum of the versions of its columns, which only grows.</summary>
    public readonly (bool IsFilled, ulong Sources) Filling =>
        (
            Name.Version != Latest.Version
                || Category.Version != Latest.Version
                || StartTime.Version != Latest.Version
                || Status.Version != Latest.Version,
            unchecked(Name.Version + Category.Version + StartTime.Version + Status.Version)
        );

    /// <summary>The bits of its columns.</summary>
    public readonly int Marks => Name.Mark(NameBit) | Category.Mark(CategoryBit) | StartTime.Mark(StartTimeBit) | Status.Mark(StatusBit);

    /// <summary>Takes a row with <see cref="Columns"/> into the state of its event.</summary>
    public static void Take(ref RowReader row, ById<EventState> events)
    {
        var id = row.ReadInt64();
        var version = row.ReadUInt64();
        var deleted = row.ReadBool();
        var (notSent, marks) = (row.ReadUInt8(), row.ReadUInt8());
        var name = row.ReadString();
        var category = row.ReadString();
        var startTime = row.ReadInt64();
        var status = row.ReadString();
        if (row.IsShort || events.Find(id) is var index && index < 0)
        {
            return;
        }
        ref var played = ref events[index];
        played.Latest.Offer(version, deleted);
        if (deleted)
        {
            return;
        }
        if ((notSent & NameBit) == 0)
        {
            played.Name.Offer(version, marks, events.Texts.Keep(name));
        }
        if ((notSent & CategoryBit) == 0)
        {
            played.Category.Offer(version, marks, events.Texts.Keep(category));
        }
        if ((notSent & StartTimeBit) == 0)
        {
            played.StartTime.Offer(version, marks, startTime);
        }
        if ((notSent & StatusBit) == 0)
        {
            played.Status.Offer(version, marks, events.Texts.Keep(status));
        }
    }
}
