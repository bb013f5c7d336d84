using Betting.CdcSink.Formats;
using Betting.Debezium;

namespace Betting.CdcSink.Messages;

/// <summary>
/// Which rows a batch makes necessary to join again: its own bets, the bets of its users and events, or all of them after a
/// table was truncated.
/// </summary>
public sealed class TouchedSet : IDisposable
{
    bool _returned;

    public HashSet<long> Bets { get; } = Pooled.Set();
    public HashSet<long> Users { get; } = Pooled.Set();
    public HashSet<long> Events { get; } = Pooled.Set();
    public bool Everything { get; private set; }

    public bool IsEmpty => !Everything && Bets.Count == 0 && Users.Count == 0 && Events.Count == 0;

    public void Add(in DecodedRecord change)
    {
        if (change.Kind == RecordKind.Truncate)
        {
            AddEverything();
        }
        else if (change.Kind == RecordKind.RowChange)
        {
            (
                change.Table switch
                {
                    SourceTable.Users => Users,
                    SourceTable.Events => Events,
                    _ => Bets,
                }
            ).Add(change.Id);
        }
    }

    public void AddEverything() => Everything = true;

    /// <summary>Gives the sets back; nobody may look at them any more.</summary>
    public void Dispose()
    {
        if (!_returned)
        {
            _returned = true;
            Pooled.Return(Bets);
            Pooled.Return(Users);
            Pooled.Return(Events);
        }
    }
}
