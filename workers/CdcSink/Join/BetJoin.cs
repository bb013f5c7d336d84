using Betting.CdcSink.Batches;
using Betting.CdcSink.Write;

namespace Betting.CdcSink.Join;

/// <summary>
/// Joins bets as they are stored now and inserts their rows and delete markers: a batch's own at once, dependents with them or,
/// where they are many, page by page.
/// </summary>
public sealed class BetJoin(ChangeStore store, CdcSinkOptions options, CdcSinkMetrics metrics, TimeProvider clock)
{
    readonly BetIds _ids = new(store);
    readonly StoredChanges _stored = new(store);

    /// <summary>Joins what a batch touches. Its changes are stored.</summary>
    /// <returns>What is left because it is too much for a batch; null where nothing is.</returns>
    /// <exception cref="MissingChangesException">ClickHouse does not show them.</exception>
    public async Task<LargeJoin?> OfBatchAsync(ChangeBatch batch, CancellationToken cancellation)
    {
        var touched = batch.Touched;
        var dependents = touched.Everything ? [] : await StageAsync("join-dependents", _ids.OfAsync(touched.Users, touched.Events, limit: options.PathBets + 1, cancellation: cancellation));
        var large = touched.Everything || dependents.Count > options.PathBets;
        var rest = Pooled.Set();
        rest.UnionWith(large ? [] : dependents);
        rest.ExceptWith(touched.Bets);
        using var ownIds = AscendingIds.Of(touched.Bets);
        foreach (var part in ownIds.Parts(options.JoinBets))
        {
            using var own = new OwnChanges(batch.Rows.Bets, part);
            await StageAsync("join-versions", _stored.ReadVersionsAsync(own, cancellation));
            rest.UnionWith(own.Settle());
            if (part.Length == touched.Bets.Count && rest.Count <= options.JoinBets)
            {
                // Together, as long as one statement can take it: what they name is read once.
                using var others = AscendingIds.Of(rest);
                rest.Clear();
                await JoinAsync(own.Bets, others.Ids, cancellation);
            }
            else
            {
                await JoinAsync(own.Bets, ReadOnlyMemory<long>.Empty, cancellation);
            }
        }
        using var restIds = AscendingIds.Of(rest);
        Pooled.Return(rest);
        foreach (var part in restIds.Parts(options.JoinBets))
        {
            await JoinAsync(part, cancellation);
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
            ? await _ids.AllAsync(from, options.JoinBets, cancellation)
            : await _ids.OfAsync(large.Users, large.Events, from, options.JoinBets, cancellation);
        if (bets.Count > 0)
        {
            await JoinAsync(bets.ToArray(), cancellation);
        }
        return (bets.Count, bets.Count < options.JoinBets || bets[^1] == long.MaxValue ? null : bets[^1] + 1);
    }

    /// <summary>Joins these bets; one without a change has no rows.</summary>
    /// <param name="ids">Ascending, each once.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task JoinAsync(ReadOnlyMemory<long> ids, CancellationToken cancellation)
    {
        using var none = new ById<BetState>(ReadOnlyMemory<long>.Empty);
        await JoinAsync(none, ids, cancellation);
    }

    async Task JoinAsync(ById<BetState> known, ReadOnlyMemory<long> others, CancellationToken cancellation)
    {
        using var stored = new ById<BetState>(others);
        var ended = _stored.EndedAsync(cancellation);
        await StageAsync("join-bets", Task.WhenAll(ended, others.IsEmpty ? Task.CompletedTask : _stored.ReadAsync(stored, cancellation)));
        var bets = Named(out var userIds, out var eventIds, known, stored);
        using var returnUsers = userIds;
        using var returnEvents = eventIds;
        using var users = new ById<UserState>(userIds.Ids);
        using var events = new ById<EventState>(eventIds.Ids);
        await StageAsync("join-names", Task.WhenAll(_stored.ReadAsync(users, cancellation), _stored.ReadAsync(events, cancellation)));
        using var rows = new RowBinaryBuffer();
        JoinedRows.Write(rows, known, users, events, await ended);
        JoinedRows.Write(rows, stored, users, events, await ended);
        await StageAsync("join-rows", store.InsertAsync("bets_analytics_rows", JoinedRows.Columns, rows, cancellation));
        metrics.Joined(bets);
    }

    async Task StageAsync(string stage, Task work)
    {
        var start = clock.GetTimestamp();
        await work;
        metrics.Stage(stage, clock.GetElapsedTime(start));
    }

    async Task<T> StageAsync<T>(string stage, Task<T> work)
    {
        await StageAsync(stage, (Task)work);
        return await work;
    }

    /// <summary>The users and events that the bets name now.</summary>
    /// <returns>How many bets have a change.</returns>
    static int Named(out AscendingIds userIds, out AscendingIds eventIds, params ReadOnlySpan<ById<BetState>> all)
    {
        var (count, users, events) = (0, Pooled.Set(), Pooled.Set());
        foreach (var bets in all)
        {
            for (var index = 0; index < bets.Ids.Length; index++)
            {
                ref readonly var bet = ref bets[index];
                if (bet.Latest.IsKnown)
                {
                    count++;
                    users.Add(bet.Key.UserId);
                    events.Add(bet.Key.EventId);
                }
            }
        }
        (userIds, eventIds) = (AscendingIds.Of(users), AscendingIds.Of(events));
        Pooled.Return(users);
        Pooled.Return(events);
        return count;
    }

    // After a truncate any topic may have brought it; else users and events did.
    static HashSet<string> Topics(ChangeBatch batch)
    {
        var topics = batch.Positions.Select(position => position.Topic).Distinct();
        return [.. batch.Touched.Everything ? topics : topics.Where(batch.DimensionTopics.Contains)];
    }
}
