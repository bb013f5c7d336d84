using System.Runtime.InteropServices;

namespace Betting.CdcSink.Join;

/// <summary>What bets are sorted by, beside their id; the time is as the source has it, in microseconds.</summary>
readonly record struct SortingKey(long PlacedAt, long UserId, long EventId);

/// <summary>A bet as its stored changes make it, in whatever order they are read.</summary>
[StructLayout(LayoutKind.Auto)]
struct BetState
{
    public const string Columns = "id, version, deleted, not_sent, marks, user_id, event_id, status, amount, payout, placed_at, settled_at";

    // The bits of not_sent and marks.
    const int StatusBit = 4, AmountBit = 8, PayoutBit = 16, SettledAtBit = 64, KeyBits = 1 | 2 | 32;

    SortingKey _first;
    List<SortingKey>? _others;
    byte _keyMarks;
    bool _hasKey;

    public Latest Latest;
    public Newest<Text> Status;
    public Newest<long> Amount;
    public Newest<long?> Payout;
    public Newest<long?> SettledAt;

    /// <summary>The sorting key of the latest change.</summary>
    public SortingKey Key { get; private set; }

    /// <summary>The bits of its own columns.</summary>
    public readonly int Marks => (_keyMarks & KeyBits) | Status.Mark(StatusBit) | Amount.Mark(AmountBit) | Payout.Mark(PayoutBit) | SettledAt.Mark(SettledAtBit);

    /// <summary>How many sorting keys it ever had.</summary>
    public readonly int Keys => _hasKey ? 1 + (_others?.Count ?? 0) : 0;

    public readonly SortingKey KeyAt(int index) => index == 0 ? _first : _others![index - 1];

    /// <summary>Takes a row with <see cref="Columns"/> into the state of its bet.</summary>
    public static void Take(ref RowReader row, ById<BetState> bets)
    {
        var id = row.ReadInt64();
        var version = row.ReadUInt64();
        var deleted = row.ReadBool();
        var (notSent, marks) = (row.ReadUInt8(), row.ReadUInt8());
        TakeRest(ref row, bets, id, version, deleted, notSent, marks);
    }

    /// <summary>Takes a row as <see cref="Batches.ChangeRows"/> writes it.</summary>
    /// <returns>Where its bet is, negative where it is none of them, and its version.</returns>
    public static (int Index, ulong Version) TakeChange(ref RowReader row, ById<BetState> bets)
    {
        var id = row.ReadInt64();
        var version = row.ReadUInt64();
        var deleted = row.ReadBool();
        // transaction_id, committed_at, topic, partition, offset.
        row.Skip(sizeof(uint) + sizeof(long));
        row.ReadString();
        row.Skip(sizeof(int) + sizeof(long));
        var (notSent, marks) = (row.ReadUInt8(), row.ReadUInt8());
        for (var originals = row.ReadLength(); originals > 0; originals--)
        {
            row.ReadString();
            row.ReadString();
        }
        return (TakeRest(ref row, bets, id, version, deleted, notSent, marks), version);
    }

    static int TakeRest(ref RowReader row, ById<BetState> bets, long id, ulong version, bool deleted, int notSent, byte marks)
    {
        var (user, played) = (row.ReadInt64(), row.ReadInt64());
        var status = row.ReadString();
        var amount = row.ReadInt64();
        var payout = row.ReadNullableInt64();
        var placedAt = row.ReadInt64();
        var settledAt = row.ReadNullableInt64();
        if (row.IsShort || bets.Find(id) is var index && index < 0)
        {
            return -1;
        }
        ref var bet = ref bets[index];
        var key = new SortingKey(placedAt, user, played);
        if (bet.Latest.Offer(version, deleted))
        {
            (bet.Key, bet._keyMarks) = (key, marks);
        }
        if (deleted)
        {
            return index;
        }
        bet.AddKey(key);
        if ((notSent & StatusBit) == 0)
        {
            bet.Status.Offer(version, marks, bets.Texts.Keep(status));
        }
        if ((notSent & AmountBit) == 0)
        {
            bet.Amount.Offer(version, marks, amount);
        }
        if ((notSent & PayoutBit) == 0)
        {
            bet.Payout.Offer(version, marks, payout);
        }
        if ((notSent & SettledAtBit) == 0)
        {
            bet.SettledAt.Offer(version, marks, settledAt);
        }
        return index;
    }

    void AddKey(SortingKey key)
    {
        if (!_hasKey)
        {
            (_first, _hasKey) = (key, true);
        }
        else if (key != _first && _others?.Contains(key) != true)
        {
            (_others ??= []).Add(key);
        }
    }
}
