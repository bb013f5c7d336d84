using Betting.CdcSink.ClickHouse;
using Betting.Hosting;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Storage;

/// <summary>
/// Looks every 15 s whether a summary claims more than is proven, or shows rows from before a repair, and asks ClickHouse to refresh it.
/// The summaries are those of the connected server. The worker goes on whatever becomes of it, and each summary is looked at whatever
/// becomes of the others.
/// </summary>
public sealed class SummaryWatch(SummaryStore store, Heartbeats heartbeats, TimeProvider clock, ILogger<SummaryWatch> log) : IWorkerLoop
{
    // A refresh that is asked for again while it runs is followed by one more, and the look after that finds no doubt.
    static readonly TimeSpan Every = TimeSpan.FromSeconds(15),
        Limit = TimeSpan.FromSeconds(5);

    readonly Dictionary<string, SummaryDoubt> _doubts = SummaryStore.Names.ToDictionary(summary => summary, _ => new SummaryDoubt());
    readonly Dictionary<string, string> _reported = [];

    public string Name => "summaries";

    public async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            // First the pause: what is wrong with ClickHouse when the worker starts is told by those that cannot work without it.
            await heartbeats.WhileAsync(Name, Task.Delay(Every, clock, stopping));
            await PollAsync(stopping);
        }
    }

    /// <summary>One look.</summary>
    internal async Task PollAsync(CancellationToken stopping)
    {
        var holds = default(Holds);
        if (!await TryAsync("a summary", async limit => holds = await store.HoldsAsync(limit), stopping))
        {
            return;
        }
        foreach (var summary in SummaryStore.Names)
        {
            await TryAsync(summary, limit => LookAtAsync(summary, holds, limit), stopping);
        }
    }

    async Task LookAtAsync(string summary, Holds holds, CancellationToken cancellation)
    {
        var doubt = _doubts[summary];
        if (doubt.IsIn(holds, await store.ClaimAsync(summary, cancellation)))
        {
            await store.AskRefreshAsync(summary, cancellation);
            CdcSinkLog.SummaryInDoubt(
                log,
                summary,
                holds.Now is null ? "a hold of data_as_of has ended" : "it claimed more than is proven since data_as_of is held"
            );
        }
        doubt.Seen(holds);
    }

    // True where nothing failed.
    async Task<bool> TryAsync(string what, Func<CancellationToken, Task> look, CancellationToken stopping)
    {
        heartbeats.Beat(Name);
        using var limit = new CancellationTokenSource(Limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopping);
        try
        {
            await look(either.Token);
            _reported.Remove(what);
            return true;
        }
        catch (Exception failure) when (ClickHouseErrors.Classify(failure, stopping, out var code) is { } kind)
        {
            Report(what, failure, kind, code);
            return false;
        }
    }

    // An outage is the probe's to report, and a lost summary that of StorageWatch.
    void Report(string what, Exception failure, FailureClass kind, string code)
    {
        if (kind != FailureClass.Unavailable && code != ClickHouseErrors.Timeout && _reported.GetValueOrDefault(what) != code)
        {
            _reported[what] = code;
            CdcSinkLog.SummaryNotRefreshed(log, what, code, Refusal.LineOf(failure));
        }
    }
}
