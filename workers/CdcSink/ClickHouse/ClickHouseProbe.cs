using Betting.Hosting;

namespace Betting.CdcSink.ClickHouse;

/// <summary>Whether ClickHouse answers a plain query, also while no batch asks it.</summary>
public sealed class ClickHouseProbe(
    ChangeStore store,
    ClickHouseOutage outage,
    Readiness readiness,
    Heartbeats heartbeats,
    TimeProvider clock
) : IWorkerLoop
{
    /// <summary>The condition's name in readiness.</summary>
    public const string Condition = "clickhouse";

    static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    // Far below the driver's own: a server that took the connection and stands still must not stop this loop's heartbeat.
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    public string Name => "clickhouse-probe";

    public async Task RunAsync(CancellationToken stopping)
    {
        readiness.Require(Condition);
        while (true)
        {
            heartbeats.Beat(Name);
            using var limit = new CancellationTokenSource(Limit, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopping);
            try
            {
                await store.PingAsync(either.Token);
                outage.Over(Name);
            }
            catch (Exception failure) when (ClickHouseErrors.IsRetryable(failure, stopping, out _))
            {
                outage.Failed(Name, failure);
            }
            catch (Exception failure) when (ClickHouseErrors.Classify(failure, stopping, out var code) is not null)
            {
                throw ClickHouseRefusedException.Of(code, failure);
            }
            await Task.Delay(Every, clock, stopping);
        }
    }
}
