using Betting.CdcSink.Write;
using Betting.Hosting;

namespace Betting.CdcSink;

/// <summary>Readiness: whether ClickHouse answers a plain query, also while no batch asks it.</summary>
public sealed class ClickHouseProbe(ChangeStore store, Readiness readiness, Heartbeats heartbeats, TimeProvider clock) : IWorkerLoop
{
    static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    // Far below the driver's own: a server that took the connection and stands still must not stop this loop's heartbeat.
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    public string Name => "clickhouse-probe";

    public async Task RunAsync(CancellationToken stopping)
    {
        readiness.Require(PatientApplier.Condition);
        while (true)
        {
            heartbeats.Beat(Name);
            using var limit = new CancellationTokenSource(Limit, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopping);
            try
            {
                await store.PingAsync(either.Token);
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
