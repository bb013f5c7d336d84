using Betting.CdcSink.Write;

namespace Betting.CdcSink.Rebuild;

/// <summary>
/// Derives the rows of bets anew from the changelog, beside those that people query, and swaps them in at once.
/// </summary>
/// <remarks>
/// From the moment at which the new table is fed with what writers insert, every change is either older, and seen by the
/// filling, which reads after it; or joined by its writer into both tables. So the new table misses nothing when it is swapped in,
/// and whoever reads sees the old rows or the new. Inserts that were under way at the swap may have found their table before it and
/// the feed after it: their bets are joined once more.
/// </remarks>
sealed class RowsRebuild(RebuildStore store, ChangeStore changes, DateTime? from, int chunk, TimeProvider clock, Action<string> tell)
{
    static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(200), TellEvery = TimeSpan.FromSeconds(5);

    readonly DateTime _started = clock.GetUtcNow().UtcDateTime;
    string _stage = "";
    long _done, _bets;
    long? _told;

    /// <returns>How many bets were derived; null where another rebuild runs.</returns>
    public async Task<long?> RunAsync(CancellationToken cancellation)
    {
        if (await store.RunningAsync(cancellation) is { } other)
        {
            tell($"rebuild {other} runs, or ran half a minute ago; try again when it has ended");
            return null;
        }
        await StageAsync("cleaning", cancellation);
        await CleanAsync(cancellation);
        await StageAsync("filling", cancellation);
        await store.CreateAsync(cancellation);
        var identity = await store.IdentityAsync(live: false, cancellation);
        await InsertsEndAsync(cancellation);
        await TakeOtherMonthsAsync(cancellation);
        _bets = await store.CountAsync(from, cancellation);
        await EachChunkAsync((next, stop) => store.BetsAsync(next, from, chunk, stop), store.FillAsync, cancellation);

        await StageAsync("swapping", cancellation);
        var mark = await store.MarkAsync(cancellation);
        while (await store.IdentityAsync(live: true, cancellation) != identity)
        {
            await store.ExchangeAsync(cancellation);
        }
        await InsertsEndAsync(cancellation);
        foreach (var late in (await store.LateBetsAsync(mark, cancellation)).Chunk(chunk))
        {
            await changes.JoinAsync(late, cancellation);
        }
        await StageAsync("cleaning", cancellation);
        await CleanAsync(cancellation);
        await StageAsync("done", cancellation);
        return _done;
    }

    /// <summary>Tells the table <c>rebuilds</c> that this one has ended otherwise; what it leaves the next one removes.</summary>
    public async Task FailAsync(CancellationToken cancellation)
    {
        try
        {
            await store.TellAsync(_started, "failed", _done, _bets, cancellation);
        }
        catch (Exception failure) when (ClickHouseErrors.WillPass(failure, cancellation, out _))
        {
            // It is not heard of any more, which says the same.
        }
    }

    async Task EachChunkAsync(Func<long, CancellationToken, Task<List<long>>> read, Func<List<long>, CancellationToken, Task> fill, CancellationToken cancellation)
    {
        for (var next = long.MinValue; ;)
        {
            var bets = await PatientlyAsync(() => read(next, cancellation), cancellation);
            if (bets.Count == 0)
            {
                return;
            }
            await PatientlyAsync(async () =>
            {
                await fill(bets, cancellation);
                return true;
            }, cancellation);
            _done += bets.Count;
            await ProgressAsync(cancellation);
            if (bets[^1] == long.MaxValue)
            {
                return;
            }
            next = bets[^1] + 1;
        }
    }

    /// <summary>Reading and filling may be repeated, so they outlast a ClickHouse that is away.</summary>
    async Task<T> PatientlyAsync<T>(Func<Task<T>> step, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return await step();
            }
            catch (Exception failure) when (ClickHouseErrors.WillPass(failure, cancellation, out var code))
            {
                tell($"ClickHouse is away ({code}); tried again");
                await Task.Delay(TimeSpan.FromSeconds(1), clock, cancellation);
            }
        }
    }

    async Task TakeOtherMonthsAsync(CancellationToken cancellation)
    {
        foreach (var month in from is { } first ? (await store.MonthsAsync(cancellation)).Where(month => month < first.Year * 100 + first.Month) : [])
        {
            await store.TakeMonthAsync(month, cancellation);
        }
    }

    /// <summary>The feeds first, and only when nobody inserts through them any more the tables that they feed.</summary>
    async Task CleanAsync(CancellationToken cancellation)
    {
        var (views, tables) = await store.LeftoversAsync(cancellation);
        foreach (var view in views)
        {
            await store.DropViewAsync(view, cancellation);
        }
        if (views.Count > 0)
        {
            await InsertsEndAsync(cancellation);
        }
        foreach (var table in tables)
        {
            await store.DropTableAsync(table, cancellation);
        }
    }

    /// <summary>Returns when every insert that runs now has ended.</summary>
    async Task InsertsEndAsync(CancellationToken cancellation)
    {
        var running = await store.InsertsAsync(cancellation);
        while (running.Count > 0)
        {
            await ProgressAsync(cancellation);
            await Task.Delay(LookAgain, clock, cancellation);
            running.IntersectWith(await store.InsertsAsync(cancellation));
        }
    }

    Task StageAsync(string stage, CancellationToken cancellation)
    {
        _stage = stage;
        _told = null;
        return ProgressAsync(cancellation);
    }

    async Task ProgressAsync(CancellationToken cancellation)
    {
        if (_told is { } last && clock.GetElapsedTime(last) < TellEvery)
        {
            return;
        }
        _told = clock.GetTimestamp();
        tell(FormattableString.Invariant($"{_stage}: {_done} of {_bets} bets"));
        await PatientlyAsync(async () =>
        {
            await store.TellAsync(_started, _stage, _done, _bets, cancellation);
            return true;
        }, cancellation);
    }
}
