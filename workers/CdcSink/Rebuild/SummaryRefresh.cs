using System.Globalization;
using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Storage;
using ClickHouse.Driver;

namespace Betting.CdcSink.Rebuild;

/// <summary>
/// Refreshes the summaries and waits for them: what they show is of the rows that are there when it begins, or of later ones.
/// </summary>
/// <param name="store">The summaries.</param>
/// <param name="limit">How long each may take, what runs of it before included.</param>
/// <param name="clock">Measures it.</param>
sealed class SummaryRefresh(SummaryStore store, TimeSpan limit, TimeProvider clock)
{
    /// <returns>What was not refreshed and why, in one line; null where all are.</returns>
    /// <param name="cancellation">The caller's.</param>
    public async Task<string?> RunAsync(CancellationToken cancellation)
    {
        foreach (var summary in SummaryStore.Names)
        {
            using var late = new CancellationTokenSource(limit, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
            try
            {
                await RefreshAsync(summary, either.Token);
            }
            catch (Exception failure)
                when (ClickHouseErrors.Classify(failure, cancellation, out var code) is { } kind && kind != FailureClass.Unavailable)
            {
                var why =
                    code == ClickHouseErrors.Timeout
                        ? string.Create(CultureInfo.InvariantCulture, $"it takes longer than {limit.TotalMinutes:0.#} minutes")
                        : Refusal.LineOf(failure);
                return $"{summary} is not refreshed: {why}. Run SYSTEM REFRESH VIEW {summary}_refresh when that is mended";
            }
        }
        return null;
    }

    // One that runs may have read the rows from before.
    async Task RefreshAsync(string summary, CancellationToken cancellation)
    {
        try
        {
            await WaitAsync(summary, cancellation);
        }
        catch (ClickHouseServerException)
        {
            // That an earlier refresh failed says nothing of the next one.
        }
        await store.AskRefreshAsync(summary, cancellation);
        await WaitAsync(summary, cancellation);
    }

    // The client's own time limit is shorter than a refresh may take.
    async Task WaitAsync(string summary, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await store.WaitAsync(summary, cancellation);
                return;
            }
            catch (Exception failure)
                when (ClickHouseErrors.Classify(failure, cancellation, out var code) is not null && code == ClickHouseErrors.Timeout)
            {
                cancellation.ThrowIfCancellationRequested();
            }
        }
    }
}
