using Betting.CdcSink.Formats;

namespace Betting.CdcSink.Join;

/// <summary>A change of a bet as <c>bet_changes</c> has it, without where it came from.</summary>
readonly ref struct BetChange
{
    public const string Columns = "id, version, deleted, not_sent, marks, user_id, event_id, status, amount, payout, placed_at, settled_at";

    public long Id { get; init; }

    public ulong Version { get; init; }

    public bool Deleted { get; init; }

    /// <summary>Bits of the columns that keep the value they had.</summary>
    public byte MissingColumns { get; init; }

    /// <summary>Bits of the columns whose value came under a rule.</summary>
    public byte Marks { get; init; }

    public SortingKey Key { get; init; }

    public ReadOnlySpan<byte> Status { get; init; }

    /// <summary>In hundredths, as the payout.</summary>
    public long Amount { get; init; }

    public long? Payout { get; init; }

    public long? SettledAt { get; init; }

    /// <summary>Reads a row with <see cref="Columns"/>; means nothing where the row is short.</summary>
    public static BetChange Read(ref RowReader row)
    {
        var (id, version, deleted, notSent, marks) = (row.ReadInt64(), row.ReadUInt64(), row.ReadBool(), row.ReadUInt8(), row.ReadUInt8());
        var (user, played) = (row.ReadInt64(), row.ReadInt64());
        var status = row.ReadString();
        var (amount, payout, placedAt) = (row.ReadInt64(), row.ReadNullableInt64(), row.ReadInt64());
        return new BetChange
        {
            Id = id,
            Version = version,
            Deleted = deleted,
            MissingColumns = notSent,
            Marks = marks,
            Key = SortingKey.Of(placedAt, user, played),
            Status = status,
            Amount = amount,
            Payout = payout,
            SettledAt = row.ReadNullableInt64(),
        };
    }
}
