using System.Runtime.InteropServices;

namespace Betting.CdcSink.Join;

/// <summary>A bet as its stored changes make it, in whatever order they are read.</summary>
[StructLayout(LayoutKind.Auto)]
struct BetState
{
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

    /// <summary>Takes a row with <see cref="BetChange.Columns"/> into the state of its bet.</summary>
    public static void Take(ref RowReader row, ById<BetState> bets)
    {
        var change = BetChange.Read(ref row);
        if (!row.IsShort)
        {
            Take(change, bets);
        }
    }

    /// <summary>Takes a change into the state of its bet.</summary>
    /// <returns>Where its bet is; negative where it is none of them.</returns>
    public static int Take(in BetChange change, ById<BetState> bets)
    {
        var index = bets.Find(change.Id);
        if (index < 0)
        {
            return index;
        }
        ref var bet = ref bets[index];
        var (version, notSent, marks) = (change.Version, change.NotSent, change.Marks);
        if (bet.Latest.Offer(version, change.Deleted))
        {
            (bet.Key, bet._keyMarks) = (change.Key, marks);
        }
        if (change.Deleted)
        {
            return index;
        }
        bet.AddKey(change.Key);
        if ((notSent & StatusBit) == 0)
        {
            bet.Status.Offer(version, marks, bets.Texts.Keep(change.Status));
        }
        if ((notSent & AmountBit) == 0)
        {
            bet.Amount.Offer(version, marks, change.Amount);
        }
        if ((notSent & PayoutBit) == 0)
        {
            bet.Payout.Offer(version, marks, change.Payout);
        }
        if ((notSent & SettledAtBit) == 0)
        {
            bet.SettledAt.Offer(version, marks, change.SettledAt);
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
