namespace Betting.Ingest.Decide;

/// <summary>A parked command as one that is next to be released.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Bet">The bet that it places.</param>
/// <param name="BetAwaited">How many commands wait for that bet.</param>
public readonly record struct NextParked(Guid Id, long? Bet, int BetAwaited);

/// <summary>
/// Which of the commands that wait for one thing the next transaction releases, and whether with those that wait for their bets.
/// </summary>
/// <param name="Ids">In issue order.</param>
/// <param name="Bets">The bets that they place, where what waits for those is released with them.</param>
/// <param name="Later">The bet whose waiters are a release of their own, because they alone are too many.</param>
/// <param name="IsLast">Nobody else waits for it.</param>
public sealed record ReleasePart(IReadOnlyList<Guid> Ids, IReadOnlyList<long> Bets, WaitKey? Later, bool IsLast)
{
    /// <param name="next">The next commands in issue order, <paramref name="most"/> of them if there are so many.</param>
    /// <param name="most">Commands that one transaction releases at most.</param>
    public static ReleasePart Of(IReadOnlyList<NextParked> next, int most)
    {
        var (ids, bets, together) = (new List<Guid>(), new List<long>(), 0);
        foreach (var command in next)
        {
            together += 1 + command.BetAwaited;
            if (together > most)
            {
                break;
            }
            ids.Add(command.Id);
            if (command is { Bet: { } bet, BetAwaited: > 0 })
            {
                bets.Add(bet);
            }
        }
        return ids.Count > 0 || next.Count == 0
            ? new ReleasePart(ids, bets, null, ids.Count == next.Count && next.Count < most)
            : new ReleasePart([next[0].Id], [], new WaitKey(WaitFor.Bet, next[0].Bet!.Value), next.Count == 1 && most > 1);
    }
}
