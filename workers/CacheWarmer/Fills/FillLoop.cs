using Betting.CacheWarmer.Outage;
using Betting.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Betting.CacheWarmer.Fills;

/// <summary>Fills each list soon after the changes that it shows, and before it expires.</summary>
sealed class FillLoop(
    IEnumerable<Filler> fillers,
    StaleKeys fills,
    StoreRetry patience,
    Heartbeats heartbeats,
    IOptions<CacheWarmerOptions> options,
    TimeProvider clock,
    ILogger<FillLoop> log
) : IWorkerLoop
{
    public string Name => "fills";

    public async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            heartbeats.Beat(Name);
            foreach (var filler in fillers)
            {
                await FillIfDueAsync(filler, stopping);
            }
            await Task.Delay(options.Value.FillDebounce, clock, stopping);
        }
    }

    async Task FillIfDueAsync(Filler filler, CancellationToken stopping)
    {
        var touched = fills.Take(filler.Key);
        var filled = false;
        var done = await patience.OnceAsync(
            $"fill of {filler.Key}",
            async () =>
            {
                if (touched || await filler.IsDueAsync())
                {
                    if (await filler.FillAsync(stopping) is { } items)
                    {
                        CacheWarmerLog.Filled(log, filler.Key, items);
                        filled = true;
                    }
                }
                else
                {
                    filled = true;
                }
            },
            stopping
        );
        if (touched && !(done && filled))
        {
            fills.GiveBack(filler.Key);
        }
    }
}
