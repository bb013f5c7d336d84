using Betting.CdcSink.Write;
using Betting.Hosting;

namespace Betting.CdcSink;

/// <summary>Readiness: whether ClickHouse answers a plain query, also while no batch asks it.</summary>
public sealed class ClickHouseProbe(ChangeStore store, Readiness readiness, Heartbeats heartbeats, TimeProvider clock) : IWorkerLoop
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    public string Name => "clickhouse-probe";

    public async Task RunAsync(CancellationToken stopping)
    {
        readiness.Require(PatientApplier.Condition);
        while (true)
        {
            heartbeats.Beat(Name);
            try
            {
                await store.PingAsync(stopping);
                readiness.Set(PatientApplier.Condition, ready: true);
            }
            catch (Exception failure) when (ClickHouseErrors.WillPass(failure, stopping, out var code))
            {
                readiness.Set(PatientApplier.Condition, ready: false, $"away ({code})");
            }
            await Task.Delay(Every, clock, stopping);
        }
    }
}
