using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Formats;
using Betting.CdcSink.Messages;

namespace Betting.CdcSink.Join;

/// <summary>
/// Joins bets as they are stored now and inserts their rows and delete markers: a batch's own at once, dependents with them or,
/// where they are many, page by page.
/// </summary>
public sealed class BetJoin(ChangeStore store, CdcSinkOptions options, CdcSinkMetrics metrics, TimeProvider clock)
{
    // What a batch brings besides its own bets lies all over their table: each statement for some of them reads most of it.
    const int Together = 2;

    readonly BetIds _ids = new(store);
    readonly StoredChanges _stored = new(store);
    readonly Stages _stages = new(metrics, clock);
    readonly BetRows _rows = new(store, new Stages(metrics, clock));
    readonly PageSize _page = new(options.JoinBets);

    /// <summary>Joins what a batch touches. Its changes are stored.</summary>
    /// <returns>What is left because it is too much for a batch; null where nothing is.</returns>
    /// <exception cref="MissingChangesException">ClickHouse does not show them.</exception>
    public Task<LargeJoin?> OfBatchAsync(ChangeBatch batch, CancellationToken cancellation) =>
        ShrinkingAsync(() => JoinAsync(batch, cancellation), cancellation);

    async Task<LargeJoin?> JoinAsync(ChangeBatch batch, CancellationToken cancellation)
    {
        var touched = batch.Touched;
        var dependents = touched.Everything
            ? []
            : await _stages.TimeAsync("join-dependents", () =>
                _ids.OfAsync(touched.Users, touched.Events, limit: options.MaxInlineJoinBets + 1, cancellation: cancellation)
            );
        var large = touched.Everything || dependents.Count > options.MaxInlineJoinBets;
        // Rows of other bets are refused for what was stored before, and not for what this batch brings.
        var isOwn = touched is { Everything: false, Users.Count: 0, Events.Count: 0 };
        var rest = Pooled.Set();
        rest.UnionWith(large ? [] : dependents);
        rest.ExceptWith(touched.Bets);
        using var ownIds = AscendingIds.Of(touched.Bets);
        foreach (var part in ownIds.Parts(_page))
        {
            using var own = new OwnChanges(batch.Rows.Bets, part);
            await _stages.TimeAsync("join-versions", () => _stored.ReadVersionsAsync(own, cancellation));
            rest.UnionWith(own.Others());
            if (part.Length == touched.Bets.Count && rest.Count <= Together * _page.Current)
            {
                // What they name is read once.
                using var others = AscendingIds.Of(rest);
                rest.Clear();
                await JoinAsync(own, others.Ids, isOwn, cancellation);
            }
            else
            {
                await JoinAsync(own, ReadOnlyMemory<long>.Empty, isOwn, cancellation);
            }
        }
        using var restIds = AscendingIds.Of(rest);
        Pooled.Return(rest);
        foreach (var part in restIds.Parts(_page))
        {
            await JoinAsync(null, part, isOwn, cancellation);
        }
        return large ? new LargeJoin([.. touched.Users], [.. touched.Events], touched.Everything, Topics(batch)) : null;
    }

    /// <summary>Reads a large join page by page.</summary>
    public LargeJoinPages PagesOf(LargeJoin large) => new(large, _ids, _rows, _stages, _page);

    /// <summary>Inserts the rows of a page; may be repeated.</summary>
    public Task InsertAsync(JoinedPage page, CancellationToken cancellation) =>
        ShrinkingAsync(
            async () =>
            {
                await _stages.TimeAsync("join-rows", () =>
                    page.InsertAsync(
                        rows => store.InsertByMonthAsync(rows, cancellation),
                        failure => ClickHouseErrors.AsksForLess(failure, cancellation)
                    )
                );
                await FollowAsync(page.Filled, cancellation);
                metrics.Joined(page.Known);
                return true;
            },
            cancellation
        );

    /// <summary>Joins these bets; one without a change has no rows.</summary>
    /// <param name="ids">Ascending, each once.</param>
    /// <param name="cancellation">Ends it.</param>
    public Task JoinAsync(ReadOnlyMemory<long> ids, CancellationToken cancellation) => JoinAsync(null, ids, isOwn: false, cancellation);

    async Task JoinAsync(OwnChanges? own, ReadOnlyMemory<long> others, bool isOwn, CancellationToken cancellation)
    {
        using var rows = new NativeRows(JoinedRows.Columns);
        var filled = new List<FilledRow>();
        var bets = await _rows.MakeAsync(rows, filled, own, others, null, cancellation);
        await _stages.TimeAsync("join-rows", () =>
        {
            var insert = store.InsertByMonthAsync(rows, cancellation);
            return isOwn ? OwnRowsRefusedException.OfAsync(insert) : insert;
        });
        await FollowAsync(filled, cancellation);
        metrics.Joined(bets);
        _page.Succeed();
    }

    // Two writers can make different rows of one version, and the one that is inserted last is shown. So whoever has inserted such a row
    // looks once more whether it is still what the changes say: the last to insert sees the changes of all others. A row whose version has
    // moved on is of a newer change, and its writer's.
    async Task FollowAsync(IReadOnlyList<FilledRow> inserted, CancellationToken cancellation)
    {
        for (var done = 0; done < inserted.Count; )
        {
            var part = inserted.Skip(done).Take(_page.Current).ToDictionary(row => row.Bet);
            done += part.Count;
            while (await ChangedAsync(part, cancellation) is { Length: > 0 } bets)
            {
                using var rows = new NativeRows(JoinedRows.Columns);
                var filled = new List<FilledRow>();
                await _rows.MakeAsync(rows, filled, null, bets, null, cancellation);
                await _stages.TimeAsync("join-rows", () => store.InsertByMonthAsync(rows, cancellation));
                part = filled.ToDictionary(row => row.Bet);
            }
        }
    }

    // The bets whose rows would be others of the same version now; ascending.
    async Task<long[]> ChangedAsync(Dictionary<long, FilledRow> inserted, CancellationToken cancellation)
    {
        if (inserted.Count == 0)
        {
            return [];
        }
        using var rows = new NativeRows(JoinedRows.Columns);
        var now = new List<FilledRow>();
        await _rows.MakeAsync(rows, now, null, inserted.Keys.Order().ToArray(), null, cancellation);
        return
        [
            .. now.Where(row => inserted[row.Bet] is var before && before.Version == row.Version && before.Sources != row.Sources)
                .Select(row => row.Bet)
                .Order(),
        ];
    }

    /// <summary>Runs a step, and lets the next statements take fewer bets if this one was too much.</summary>
    async Task<T> ShrinkingAsync<T>(Func<Task<T>> step, CancellationToken cancellation)
    {
        try
        {
            return await step();
        }
        catch (Exception failure) when (ClickHouseErrors.AsksForLess(failure, cancellation))
        {
            _page.Shrink();
            throw;
        }
    }

    // After a truncate any topic may have brought it; else users and events did.
    static HashSet<string> Topics(ChangeBatch batch)
    {
        var topics = (batch.PartOf ?? batch).Positions.Select(position => position.Topic).Distinct();
        return [.. batch.Touched.Everything ? topics : topics.Where(batch.DimensionTopics.Contains)];
    }
}
