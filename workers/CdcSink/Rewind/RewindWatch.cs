using Betting.CdcSink.ClickHouse;
using Betting.Hosting;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Rewind;

/// <summary>Looks for orders to rewind while the worker runs; the reading thread obeys those of its own partitions.</summary>
public sealed class RewindWatch(
    RewindStore store,
    CdcSinkOptions options,
    ClickHouseOutage outage,
    Heartbeats heartbeats,
    TimeProvider clock,
    ILogger<RewindWatch> log
) : IWorkerLoop
{
    static readonly TimeSpan LogEvery = TimeSpan.FromMinutes(1);

    long? _logged;
    volatile IReadOnlyList<RewindOrder> _open = [];

    public string Name => "rewind-watch";

    /// <summary>Orders that were open at the last look.</summary>
    public IReadOnlyList<RewindOrder> Open => _open;

    public async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            heartbeats.Beat(Name);
            try
            {
                var asked = store.OpenAsync(options.Group, stopping);
                await heartbeats.WhileAsync(Name, asked);
                _open = await asked;
                _logged = null;
            }
            catch (Exception failure) when (ClickHouseErrors.IsRetryable(failure, stopping, out var code))
            {
                // The probe tells that ClickHouse is away; an order can wait until it is back.
                if (!outage.IsOutage(failure, stopping) && (_logged is not { } last || clock.GetElapsedTime(last) >= LogEvery))
                {
                    _logged = clock.GetTimestamp();
                    CdcSinkLog.RewindsUnknown(log, code, Refusal.NameOf(code), Refusal.LineOf(failure));
                }
            }
            await heartbeats.WhileAsync(Name, Task.Delay(options.RewindsEvery, clock, stopping));
        }
    }
}
