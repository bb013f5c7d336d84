using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Formats;

namespace Betting.CdcSink.Join;

/// <summary>
/// A batch's own changes of bets. Where the newest of them says all about its bet, nothing of the bet has to be read back but which
/// versions and sorting keys there are: neither a new bet nor one that was settled travels twice.
/// </summary>
sealed class OwnChanges : IDisposable
{
    public const string StoredColumns = "id, version, deleted, user_id, event_id, placed_at";

    readonly ById<OwnBet> _bets;

    /// <param name="changes">As they were inserted.</param>
    /// <param name="ids">The bets to take of them; ascending, each once.</param>
    public OwnChanges(NativeRows changes, ReadOnlyMemory<long> ids)
    {
        _bets = new ById<OwnBet>(ids);
        for (var rows = new BetChangeRows(changes); rows.Next(out var change); )
        {
            if (_bets.Find(change.Id) is var index && index >= 0)
            {
                _bets[index].Take(change, _bets.Texts);
            }
        }
    }

    public ReadOnlyMemory<long> Ids => _bets.Ids;

    /// <summary>The texts of <see cref="TryState"/>.</summary>
    public TextArena Texts => _bets.Texts;

    /// <summary>Takes a row with <see cref="StoredColumns"/> of what is stored.</summary>
    public void TakeStored(ref RowReader row)
    {
        var (id, version, deleted) = (row.ReadInt64(), row.ReadUInt64(), row.ReadBool());
        var (user, played, placedAt) = (row.ReadInt64(), row.ReadInt64(), row.ReadInt64());
        if (!row.IsShort && _bets.Find(id) is var index && index >= 0)
        {
            _bets[index].ObserveStored(version, deleted, SortingKey.Of(placedAt, user, played));
        }
    }

    /// <summary>The bets of which all changes have to be read; ascending.</summary>
    /// <exception cref="MissingChangesException">A bet's own change is not shown.</exception>
    public List<long> Others()
    {
        var others = new List<long>();
        for (var index = 0; index < Ids.Length; index++)
        {
            if (!_bets[index].IsShown)
            {
                throw new MissingChangesException(Ids.Span[index]);
            }
            if (!_bets[index].IsSelfContained)
            {
                others.Add(Ids.Span[index]);
            }
        }
        return others;
    }

    /// <returns>Whether the bet is known as a whole.</returns>
    public bool TryKey(int index, out SortingKey key)
    {
        key = _bets[index].Key;
        return _bets[index].IsSelfContained;
    }

    /// <returns>Whether the bet is known as a whole.</returns>
    public bool TryState(int index, out BetState bet)
    {
        var isWhole = _bets[index].IsSelfContained;
        bet = isWhole ? _bets[index].State() : default;
        return isWhole;
    }

    public void Dispose() => _bets.Dispose();
}
