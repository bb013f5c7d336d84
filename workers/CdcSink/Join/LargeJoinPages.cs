using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Formats;
using Betting.CdcSink.Messages;

namespace Betting.CdcSink.Join;

/// <summary>
/// Reads a large join page by page, in the order of ids. What all pages share is read once: which bets there are, 16 pages at a time,
/// and the users that they name. Both may be older than a page: who changed since then was stored after the change that this join is
/// for, and is joined by a batch of its own that sees it (docs/decisions/join-reads-after-write.md).
/// </summary>
public sealed class LargeJoinPages : IDisposable
{
    /// <summary>Pages whose ids are read together: 8 MB of them where a page has 65,536.</summary>
    const int PagesAhead = 16;

    readonly LargeJoin _large;
    readonly BetIds _ids;
    readonly BetRows _rows;
    readonly Stages _stages;
    readonly PageSize _page;
    readonly KnownUsers _users = new();

    // Ascending; whether there are more behind them.
    List<long> _ahead = [];
    bool _more = true;

    internal LargeJoinPages(LargeJoin large, BetIds ids, BetRows rows, Stages stages, PageSize page) =>
        (_large, _ids, _rows, _stages, _page) = (large, ids, rows, stages, page);

    /// <summary>Makes the rows of the next bets; may be repeated. One at a time.</summary>
    /// <param name="from">The lowest id that is not joined yet.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<JoinedPage> ReadAsync(long from, CancellationToken cancellation)
    {
        try
        {
            var page = await MakeAsync(from, cancellation);
            _page.Succeed();
            return page;
        }
        catch (Exception failure) when (ClickHouseErrors.AsksForLess(failure, cancellation))
        {
            _page.Shrink();
            throw;
        }
    }

    public void Dispose() => _users.Dispose();

    async Task<JoinedPage> MakeAsync(long from, CancellationToken cancellation)
    {
        var bets = await _stages.TimeAsync("join-dependents", () => NextAsync(from, cancellation));
        long? next = bets.Length == 0 || bets[^1] == long.MaxValue || (!_more && bets[^1] == _ahead[^1]) ? null : bets[^1] + 1;
        var rows = new NativeRows(JoinedRows.Columns);
        try
        {
            var filled = new List<FilledRow>();
            var known = bets.Length == 0 ? 0 : await _rows.MakeAsync(rows, filled, null, bets, _users, cancellation);
            return new JoinedPage(rows, filled, bets.Length, known, next);
        }
        catch
        {
            rows.Dispose();
            throw;
        }
    }

    async Task<long[]> NextAsync(long from, CancellationToken cancellation)
    {
        var page = _page.Current;
        var start = Start(from);
        if (start == _ahead.Count && _more)
        {
            var limit = page * PagesAhead;
            var ahead = _large.Everything
                ? await _ids.AllAsync(from, limit, cancellation)
                : await _ids.OfAsync(_large.Users, _large.Events, from, limit, cancellation);
            (_ahead, _more, start) = (ahead, ahead.Count == limit, 0);
        }
        return [.. _ahead[start..Math.Min(start + page, _ahead.Count)]];
    }

    int Start(long from)
    {
        var found = _ahead.BinarySearch(from);
        return found < 0 ? ~found : found;
    }
}
