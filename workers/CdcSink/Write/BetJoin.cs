using Betting.CdcSink.Batches;

namespace Betting.CdcSink.Write;

/// <summary>Which bets are joined, and in which portions: a batch's own at once, dependents with them or, where they are many, page by page.</summary>
public sealed class BetJoin(ChangeStore store, CdcSinkOptions options, CdcSinkMetrics metrics)
{
    /// <summary>Joins what a batch touches.</summary>
    /// <returns>What is left because it is too much for a batch; null where nothing is.</returns>
    public async Task<LargeJoin?> OfBatchAsync(ChangeBatch batch, CancellationToken cancellation)
    {
        var touched = batch.Touched;
        var large = touched.Everything || await store.CountBetsOfAsync(touched.Users, touched.Events, cancellation) > options.PathBets;
        var dependents = large ? [] : await store.BetsOfAsync(touched.Users, touched.Events, cancellation: cancellation);
        foreach (var group in touched.Groups(dependents, options.JoinBets))
        {
            await JoinAsync(group, cancellation);
        }
        return large ? new LargeJoin([.. touched.Users], [.. touched.Events], touched.Everything, Topics(batch)) : null;
    }

    /// <summary>Joins the next bets of a large join.</summary>
    /// <param name="large">Whose.</param>
    /// <param name="from">The lowest id that is not joined yet.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>How many there were, and the lowest id that is left; null where none is.</returns>
    public async Task<(int Bets, long? Next)> PageAsync(LargeJoin large, long from, CancellationToken cancellation)
    {
        var bets = large.Everything
            ? await store.AllBetsAsync(from, options.JoinBets, cancellation)
            : await store.BetsOfAsync(large.Users, large.Events, from, options.JoinBets, cancellation);
        if (bets.Count > 0)
        {
            await JoinAsync(bets, cancellation);
        }
        return (bets.Count, bets.Count < options.JoinBets || bets[^1] == long.MaxValue ? null : bets[^1] + 1);
    }

    async Task JoinAsync(IReadOnlyCollection<long> bets, CancellationToken cancellation)
    {
        await store.JoinAsync(bets, cancellation);
        metrics.Joined(bets.Count);
    }

    // After a truncate any topic may have brought it; else users and events did.
    static HashSet<string> Topics(ChangeBatch batch)
    {
        var topics = batch.Positions.Select(position => position.Topic).Distinct();
        return [.. batch.Touched.Everything ? topics : topics.Where(batch.DimensionTopics.Contains)];
    }
}
