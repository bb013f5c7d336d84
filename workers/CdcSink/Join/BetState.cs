using System.Runtime.InteropServices;
using Betting.CdcSink.Formats;

namespace Betting.CdcSink.Join;

/// <summary>A bet as its stored changes make it, in whatever order they are read.</summary>
[StructLayout(LayoutKind.Auto)]
struct BetState
{
    // The bits of not_sent and marks.
    const int StatusBit = 4,
        AmountBit = 8,
        PayoutBit = 16,
        SettledAtBit = 64,
        KeyBits = 1 | 2 | 32;

    SortingKey _first;
    List<SortingKey>? _others;
    byte _keyMarks;
    bool _hasKey;

    public RowVersion Latest;
    public Newest<Text> Status;
    public Newest<long> Amount;
    public Newest<long?> Payout;
    public Newest<long?> SettledAt;

    /// <summary>The sorting key of the latest change.</summary>
    public SortingKey Key { get; private set; }

    /// <summary>The bits of its own columns.</summary>
    public readonly int Marks =>
        (_keyMarks & KeyBits) | Status.Mark(StatusBit) | Amount.Mark(AmountBit) | Payout.Mark(PayoutBit) | SettledAt.Mark(SettledAtBit);

    /// <summary>Whether a column is not of its newest change, and the sum of the versions of its columns, which only grows.</summary>
    public readonly (bool IsFilled, ulong Sources) Filling =>
        (
            Status.Version != Latest.Version
                || Amount.Version != Latest.Version
                || Payout.Version != Latest.Version
                || SettledAt.Version != Latest.Version,
            unchecked(Status.Version + Amount.Version + Payout.Version + SettledAt.Version)
        );

    /// <summary>How many sorting keys it ever had.</summary>
    public readonly int Keys => _hasKey ? 1 + (_others?.Count ?? 0) : 0;

    public readonly SortingKey KeyAt(int index) => index == 0 ? _first : _others![index - 1];

    /// <summary>Takes a row with <see cref="BetChange.Columns"/> into the state of its bet.</summary>
    public static void Take(ref RowReader row, ById<BetState> bets)
    {
        var change = BetChange.Read(ref row);
        if (!row.IsShort && bets.Find(change.Id) is var index && index >= 0)
        {
            bets[index].Take(change, bets.Texts.Keep(change.Status));
        }
    }

    /// <param name="change">One of its changes.</param>
    /// <param name="status">Where the change's status is kept.</param>
    public void Take(in BetChange change, Text status)
    {
        var (version, notSent, marks) = (change.Version, change.MissingColumns, change.Marks);
        if (Latest.Offer(version, change.Deleted))
        {
            (Key, _keyMarks) = (change.Key, marks);
        }
        if (change.Deleted)
        {
            return;
        }
        AddKey(change.Key);
        if ((notSent & StatusBit) == 0)
        {
            Status.Offer(version, marks, status);
        }
        if ((notSent & AmountBit) == 0)
        {
            Amount.Offer(version, marks, change.Amount);
        }
        if ((notSent & PayoutBit) == 0)
        {
            Payout.Offer(version, marks, change.Payout);
        }
        if ((notSent & SettledAtBit) == 0)
        {
            SettledAt.Offer(version, marks, change.SettledAt);
        }
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
