using System.Runtime.InteropServices;
using Betting.CdcSink.Formats;

namespace Betting.CdcSink.Join;

/// <summary>
/// The newest change that a batch has of a bet, and whether that says all about the bet: see <see cref="IsSelfContained"/>.
/// </summary>
[StructLayout(LayoutKind.Auto)]
struct OwnBet
{
    Text _status;
    long _amount,
        _payout,
        _settledAt;
    byte _notSent,
        _marks;
    bool _isKnown,
        _deleted,
        _hasPayout,
        _hasSettledAt,
        _hasOthers,
        _isOutranked,
        _hasOtherKeys;

    public ulong Version { get; private set; }

    public SortingKey Key { get; private set; }

    /// <summary>Whether ClickHouse shows it.</summary>
    public bool IsShown { get; private set; }

    /// <summary>
    /// Whether the bet is as this change alone makes it: it is the only one, or it is the newest, brought every column, and the bet
    /// never had another sorting key. Else all changes have to be read. Means something once all that are stored were met.
    /// </summary>
    public readonly bool IsSelfContained => !_isOutranked && !_hasOtherKeys && (!_hasOthers || (!_deleted && _notSent == 0));

    /// <summary>Takes one of the batch's changes. An older one is met among what is stored.</summary>
    public void Take(in BetChange change, TextArena texts)
    {
        if (_isKnown && change.Version < Version)
        {
            return;
        }
        (_isKnown, Version, Key, _deleted, _notSent, _marks) = (
            true,
            change.Version,
            change.Key,
            change.Deleted,
            change.MissingColumns,
            change.Marks
        );
        (_status, _amount) = (texts.Keep(change.Status), change.Amount);
        (_payout, _hasPayout) = (change.Payout.GetValueOrDefault(), change.Payout.HasValue);
        (_settledAt, _hasSettledAt) = (change.SettledAt.GetValueOrDefault(), change.SettledAt.HasValue);
    }

    /// <summary>Meets a stored change of the bet, this one or another.</summary>
    public void ObserveStored(ulong version, bool deleted, SortingKey key)
    {
        IsShown |= version == Version;
        _hasOthers |= version != Version;
        _isOutranked |= version > Version;
        _hasOtherKeys |= !deleted && key != Key;
    }

    /// <summary>The bet as this change alone makes it.</summary>
    public readonly BetState State()
    {
        var bet = new BetState();
        var change = new BetChange
        {
            Version = Version,
            Deleted = _deleted,
            MissingColumns = _notSent,
            Marks = _marks,
            Key = Key,
            Amount = _amount,
            Payout = _hasPayout ? _payout : null,
            SettledAt = _hasSettledAt ? _settledAt : null,
        };
        bet.Take(change, _status);
        return bet;
    }
}
