using System.Diagnostics.Metrics;

namespace Betting.Hosting;

/// <summary>What every worker measures of itself; meter <c>Betting.Hosting</c>.</summary>
public sealed class WorkerMetrics : IDisposable
{
    readonly Meter _meter;
    readonly Counter<long> _rebalances;
    long _partitions;

    public WorkerMetrics(IMeterFactory meters, Readiness readiness)
    {
        _meter = meters.Create("Betting.Hosting");
        _rebalances = _meter.CreateCounter<long>(
            "worker.kafka.rebalances",
            "{rebalance}",
            "Times that the group gave partitions to this replica, took them back, or went on without it, by kind"
        );
        _meter.CreateObservableGauge(
            "worker.kafka.partitions",
            () => Interlocked.Read(ref _partitions),
            "{partition}",
            "Partitions that the group has given to this replica"
        );
        _meter.CreateObservableGauge("worker.ready", () => readiness.IsReady ? 1 : 0, null, "1 while /health/ready answers 200");
        _meter.CreateObservableGauge(
            "worker.condition",
            () =>
                readiness.States.Select(state => new Measurement<int>(
                    state.Value.Ready ? 1 : 0,
                    new KeyValuePair<string, object?>("condition", state.Key)
                )),
            null,
            "1 while the condition of readiness holds"
        );
    }

    /// <summary>The group has rebalanced.</summary>
    /// <param name="kind"><c>assigned</c>, <c>revoked</c> or <c>lost</c>.</param>
    /// <param name="partitions">How many this replica has now.</param>
    public void Rebalanced(string kind, int partitions)
    {
        _rebalances.Add(1, new KeyValuePair<string, object?>("kind", kind));
        Interlocked.Exchange(ref _partitions, partitions);
    }

    public void Dispose() => _meter.Dispose();
}
