using Betting.CdcSink.Write;
using Betting.Hosting;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Storage;

/// <summary>
/// Looks every 15 s whether a summary claims more than is proven, or shows rows from before a repair, and asks ClickHouse to refresh it. The
/// summaries are those of the connected server. The worker goes on whatever becomes of it.
/// </summary>
public sealed class SummaryWatch(SummaryStore store, Heartbeats heartbeats, TimeProvider clock, ILogger<SummaryWatch> log) : IWorkerLoop
{
    // A refresh that is asked for again while it runs is followed by one more, and the look after that finds no doubt.
    static readonly TimeSpan Every = TimeSpan.FromSeconds(15), Limit = TimeSpan.FromSeconds(5);

    readonly SummaryDoubt _doubt = new();
    string _reported = "";

    public string Name => "summaries";

    public async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            heartbeats.Beat(Name);
            using var limit = new CancellationTokenSource(Limit, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopping);
            try
            {
                await LookAsync(either.Token);
                _reported = "";
            }
            catch (Exception failure) when (ClickHouseErrors.Classify(failure, stopping, out var code) is { } kind)
            {
                Report(failure, kind, code);
            }
            await heartbeats.WhileAsync(Name, Task.Delay(Every, clock, stopping));
        }
    }

    /// <summary>One look.</summary>
    internal async Task LookAsync(CancellationToken cancellation)
    {
        var held = await store.HeldAsync(cancellation);
        foreach (var summary in SummaryStore.Names)
        {
            if (_doubt.IsIn(held, await store.ClaimAsync(summary, cancellation)))
            {
                await store.AskRefreshAsync(summary, cancellation);
                CdcSinkLog.SummaryInDoubt(log, summary, held is null ? "a hold of data_as_of has ended" : "it claimed more than is proven since data_as_of is held");
            }
        }
        _doubt.Seen(held);
    }

    // An outage is the probe's to report, and a lost summary that of StorageWatch.
    void Report(Exception failure, FailureClass kind, string code)
    {
        if (kind != FailureClass.Unavailable && code != ClickHouseErrors.Timeout && code != _reported)
        {
            _reported = code;
            CdcSinkLog.SummaryNotRefreshed(log, code, Refusal.LineOf(failure));
        }
    }
}
