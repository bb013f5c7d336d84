using Betting.Debezium;

namespace Betting.CdcSink.Batches;

/// <summary>
/// Which rows a batch makes necessary to join again: its own bets, the bets of its users and events, or all of them after a
/// table was truncated.
/// </summary>
public sealed class TouchedSet
{
    public HashSet<long> Bets { get; } = [];
    public HashSet<long> Users { get; } = [];
    public HashSet<long> Events { get; } = [];
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
            (change.Table switch { SourceTable.Users => Users, SourceTable.Events => Events, _ => Bets }).Add(change.Id);
        }
    }

    public void AddEverything() => Everything = true;

    /// <summary>The bets in ascending order, in groups that one statement can take: neighbours share what the engine reads.</summary>
    /// <param name="dependents">Bets found to name a touched user or event, or all bets; in any order, with repetitions.</param>
    /// <param name="size">The largest group.</param>
    public IEnumerable<ArraySegment<long>> Groups(IEnumerable<long> dependents, int size)
    {
        var all = new HashSet<long>(Bets);
        all.UnionWith(dependents);
        var ordered = all.ToArray();
        Array.Sort(ordered);
        for (var start = 0; start < ordered.Length; start += size)
        {
            yield return new ArraySegment<long>(ordered, start, Math.Min(size, ordered.Length - start));
        }
    }
}
