using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Join;

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
    static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(200),
        TellEvery = TimeSpan.FromSeconds(5);

    // Longer than an insert into the table of rebuilds takes to be seen.
    static readonly TimeSpan UntilOthersAreSeen = TimeSpan.FromSeconds(2);

    DateTime _started;
    readonly PageSize _page = new(chunk);
    string _stage = "";
    long _done,
        _bets;
    long? _told;

    /// <summary>True from the exchange on until its late bets are joined: the new rows may be in force.</summary>
    public bool MayBeSwapped => _stage == "swapping";

    /// <returns>How many bets were derived; null where another rebuild runs, or somebody has changed the table meanwhile.</returns>
    public async Task<long?> RunAsync(CancellationToken cancellation)
    {
        // Told before others are looked for, so that of two that begin at once one sees the other.
        _started = await store.NowAsync(cancellation);
        await StageAsync("starting", cancellation);
        await Task.Delay(UntilOthersAreSeen, clock, cancellation);
        if (await ObstacleAsync(cancellation) is { } obstacle)
        {
            tell(obstacle);
            await FailAsync(cancellation);
            return null;
        }
        await TellOtherFormsAsync(cancellation);
        await StageAsync("cleaning", cancellation);
        await CleanAsync(cancellation);
        await StageAsync("filling", cancellation);
        var form = await store.FormAsync(live: true, cancellation);
        await store.CreateAsync(cancellation);
        var identity = await store.IdentityAsync(live: false, cancellation);
        await InsertsEndAsync(cancellation);
        await TakeOtherMonthsAsync(cancellation);
        _bets = await store.CountAsync(from, cancellation);
        await FillAsync(cancellation);

        await StageAsync("swapping", cancellation);
        var (mark, ownMark) = (await store.MarkAsync(live: true, cancellation), await store.MarkAsync(live: false, cancellation));
        if (!await PatientlyAsync(() => SwapAsync(identity, form, cancellation), cancellation))
        {
            await JoinLateAsync(ownMark, cancellation);
            await StageAsync("cleaning", cancellation);
            tell(
                $"{RebuildStore.Rows} was changed meanwhile: its rule, its policy or a column, or somebody removed what fed the new table. "
                    + "Readers see what they saw before; run it again"
            );
            await CleanAsync(cancellation);
            await FailAsync(cancellation);
            return null;
        }
        await JoinLateAsync(mark, cancellation);
        var isAltered = await PatientlyAsync(async () => await store.FormAsync(live: false, cancellation) != form, cancellation);
        if (isAltered)
        {
            tell(
                $"{RebuildStore.Rows} was altered at the moment of the swap: the new rows are in force, in the former form. "
                    + "Alter it again (CdcSink migrate)"
            );
        }
        await StageAsync("cleaning", cancellation);
        await CleanAsync(cancellation);
        await StageAsync("done", cancellation);
        return isAltered ? null : _done;
    }

    /// <summary>
    /// Inserts that were under way at a swap may have found one table before it and its feed after it: their bets are joined once more.
    /// </summary>
    /// <param name="mark">In this rebuild's table as it is called now, before the swap.</param>
    /// <param name="cancellation">The caller's.</param>
    async Task JoinLateAsync(long mark, CancellationToken cancellation)
    {
        await InsertsEndAsync(cancellation);
        var late = await PatientlyAsync(() => store.LateBetsAsync(mark, cancellation), cancellation);
        for (var joined = 0; joined < late.Count; )
        {
            joined += await PatientlyAsync(
                async () =>
                {
                    var part = late[joined..Math.Min(joined + _page.Current, late.Count)];
                    await changes.JoinAsync(part, cancellation);
                    return part.Count;
                },
                cancellation
            );
            await ProgressAsync(cancellation);
        }
    }

    // Why this one may not go on.
    async Task<string?> ObstacleAsync(CancellationToken cancellation)
    {
        if (await store.OtherAsync(_started, cancellation) is { } other)
        {
            return $"rebuild {other} runs, or ran half a minute ago; try again when it has ended";
        }
        return from is not null && await store.CutOffAsync(cancellation) is [var left, ..]
            ? $"a rebuild was cut off while it swapped, and {left} may have rows that are missing now: run it with --all"
            : null;
    }

    // A table that was swapped out by a rebuild which was cut off then may have been altered at that moment.
    async Task TellOtherFormsAsync(CancellationToken cancellation)
    {
        foreach (var table in await store.CutOffAsync(cancellation))
        {
            if (await store.FormAsync(table, cancellation) != await store.FormAsync(live: true, cancellation))
            {
                tell(
                    $"a rebuild that was cut off has left {table} in another form than {RebuildStore.Rows} has now: "
                        + "if somebody altered it then, alter it again (CdcSink migrate)"
                );
            }
        }
    }

    /// <summary>
    /// Tells the table <c>rebuilds</c> that this one has ended otherwise, before the swap or at it; what it leaves the next one removes.
    /// </summary>
    public async Task FailAsync(CancellationToken cancellation)
    {
        try
        {
            await store.ReportAsync(_started, MayBeSwapped ? "broken" : "failed", _done, _bets, cancellation);
        }
        catch (Exception failure) when (ClickHouseErrors.IsRetryable(failure, cancellation, out _))
        {
            // It is not heard of any more, which says the same.
        }
    }

    /// <summary>
    /// Swaps the new table in, unless the one that it takes the place of has another form than when the new one was made like it.
    /// </summary>
    async Task<bool> SwapAsync(Guid? identity, string form, CancellationToken cancellation)
    {
        while (await store.IdentityAsync(live: true, cancellation) != identity)
        {
            if (await store.FormAsync(live: true, cancellation) != form || !await store.IsFedAsync(cancellation))
            {
                return false;
            }
            await store.ExchangeAsync(cancellation);
        }
        if (await store.FormAsync(live: false, cancellation) == form)
        {
            return true;
        }
        // Changed between the look and the swap, in the table that was swapped out. Repeated where the answer is lost: by then it may be
        // back.
        if (await store.IdentityAsync(live: true, cancellation) == identity)
        {
            await store.ExchangeAsync(cancellation);
        }
        return false;
    }

    async Task FillAsync(CancellationToken cancellation)
    {
        for (long? next = long.MinValue; next is { } first; )
        {
            next = await PatientlyAsync(
                async () =>
                {
                    var bets = await store.BetsAsync(first, from, _page.Current, cancellation);
                    if (bets.Count == 0)
                    {
                        return (long?)null;
                    }
                    await store.FillAsync(bets, cancellation);
                    _done += bets.Count;
                    return bets[^1] == long.MaxValue ? null : bets[^1] + 1;
                },
                cancellation
            );
            await ProgressAsync(cancellation);
        }
    }

    /// <summary>Repeats a step that may be repeated until it succeeds. It takes fewer bets after each attempt that was too much.</summary>
    async Task<T> PatientlyAsync<T>(Func<Task<T>> step, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                var result = await step();
                _page.Succeed();
                return result;
            }
            catch (Exception failure) when (ClickHouseErrors.IsRetryable(failure, cancellation, out var code))
            {
                if (ClickHouseErrors.AsksForLess(failure, cancellation))
                {
                    _page.Shrink();
                    tell(
                        $"ClickHouse does not take it ({code}, {Refusal.NameOf(code)}); repeated with at most {_page.Current} bets a "
                            + $"statement"
                    );
                }
                else
                {
                    tell($"ClickHouse is away ({code}); repeated");
                }
            }
            await Task.Delay(TimeSpan.FromSeconds(1), clock, cancellation);
        }
    }

    async Task TakeOtherMonthsAsync(CancellationToken cancellation)
    {
        foreach (
            var month in from is { } first
                ? (await store.MonthsAsync(cancellation)).Where(month => month < first.Year * 100 + first.Month)
                : []
        )
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
        var running = await PatientlyAsync(() => store.InsertsAsync(cancellation), cancellation);
        while (running.Count > 0)
        {
            await ProgressAsync(cancellation);
            await Task.Delay(LookAgain, clock, cancellation);
            running.IntersectWith(await PatientlyAsync(() => store.InsertsAsync(cancellation), cancellation));
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
        await PatientlyAsync(
            async () =>
            {
                await store.ReportAsync(_started, _stage, _done, _bets, cancellation);
                return true;
            },
            cancellation
        );
    }
}
