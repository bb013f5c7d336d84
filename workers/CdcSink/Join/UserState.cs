using System.Runtime.InteropServices;
using Betting.CdcSink.Formats;

namespace Betting.CdcSink.Join;

/// <summary>A user as its stored changes make it, in whatever order they are read.</summary>
[StructLayout(LayoutKind.Auto)]
struct UserState
{
    public const string Columns = "id, version, deleted, not_sent, marks, name, created_at";

    // The bits of not_sent and marks.
    const int NameBit = 1,
        CreatedAtBit = 2;

    public RowVersion Latest;
    public Newest<Text> Name;
    public Newest<long> CreatedAt;

    /// <summary>Whether a column is not of its newest change, and the sum of the versions of its columns, which only grows.</summary>
    public readonly (bool IsFilled, ulong Sources) Filling =>
        (Name.Version != Latest.Version || CreatedAt.Version != Latest.Version, unchecked(Name.Version + CreatedAt.Version));

    /// <summary>The bits of its columns.</summary>
    public readonly int Marks => Name.Mark(NameBit) | CreatedAt.Mark(CreatedAtBit);

    /// <summary>Takes a row with <see cref="Columns"/> into the state of its user.</summary>
    public static void Take(ref RowReader row, ById<UserState> users)
    {
        var id = row.ReadInt64();
        var version = row.ReadUInt64();
        var deleted = row.ReadBool();
        var (notSent, marks) = (row.ReadUInt8(), row.ReadUInt8());
        var name = row.ReadString();
        var createdAt = row.ReadInt64();
        if (row.IsShort || users.Find(id) is var index && index < 0)
        {
            return;
        }
        ref var user = ref users[index];
        user.Latest.Offer(version, deleted);
        if (!deleted && (notSent & NameBit) == 0)
        {
            user.Name.Offer(version, marks, users.Texts.Keep(name));
        }
        if (!deleted && (notSent & CreatedAtBit) == 0)
        {
            user.CreatedAt.Offer(version, marks, createdAt);
        }
    }
}
