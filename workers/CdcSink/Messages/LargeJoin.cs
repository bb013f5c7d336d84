namespace Betting.CdcSink.Messages;

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
    /// <summary>The assignment of partitions that brought the changes, and whose end ends it; null where it belongs to none.</summary>
    public Assignment? Assignment { get; set; }

    /// <summary>What it holds; null before its batch's progress was recorded.</summary>
    public HeldProgress.Hold? Hold { get; set; }

    /// <summary>Both as one, with what this one holds.</summary>
    public LargeJoin With(LargeJoin other) =>
        this with
        {
            Users = [.. Users.Union(other.Users)],
            Events = [.. Events.Union(other.Events)],
            Everything = Everything || other.Everything,
            Topics = Topics.Union(other.Topics).ToHashSet(),
        };

    /// <summary>Commit times by topic of the changes that are visible only when it is done.</summary>
    public List<(string Topic, List<long> Times)> CommitTimes { get; } = [];
}
