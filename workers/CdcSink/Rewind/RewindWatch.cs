using Betting.CdcSink.Write;
using Betting.Hosting;

namespace Betting.CdcSink.Rewind;

/// <summary>Looks for orders to rewind while the worker runs; the reading thread obeys those of its own partitions.</summary>
public sealed class RewindWatch(RewindStore store, CdcSinkOptions options, Heartbeats heartbeats, TimeProvider clock) : IWorkerLoop
{
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
            }
            catch (Exception failure) when (ClickHouseErrors.IsRetryable(failure, stopping, out _))
            {
                // The probe tells that ClickHouse is away; an order can wait until it is back.
            }
            await heartbeats.WhileAsync(Name, Task.Delay(options.RewindsEvery, clock, stopping));
        }
    }
}
