using Betting.CdcSink.Write;

namespace Betting.CdcSink.Join;

/// <summary>
/// Bets that changed users and events bring, too many to be joined within their batch: a hot event's million. They are joined
/// beside the batches that follow, and the topics that brought the changes wait for it.
/// </summary>
/// <param name="Users">Changed users.</param>
/// <param name="Events">Changed events.</param>
/// <param name="Everything">All bets, after a truncate or the end of an epoch.</param>
/// <param name="Topics">Whose progress waits.</param>
public sealed record LargeJoin(long[] Users, long[] Events, bool Everything, IReadOnlySet<string> Topics)
{
    /// <summary>What it holds; null before its batch's progress was recorded.</summary>
    public HeldProgress.Hold? Hold { get; set; }

    /// <summary>Commit times by topic of the changes that are visible only when it is done.</summary>
    public List<(string Topic, List<long> Times)> CommitTimes { get; } = [];

    /// <summary>One that joins what all of these would: a bet that several of them bring is read and written once.</summary>
    public static LargeJoin Of(IReadOnlyList<LargeJoin> joins) => joins.Count == 1 ? joins[0] : new LargeJoin(
        [.. joins.SelectMany(join => join.Users).Distinct()],
        [.. joins.SelectMany(join => join.Events).Distinct()],
        joins.Any(join => join.Everything),
        joins.SelectMany(join => join.Topics).ToHashSet());
}
