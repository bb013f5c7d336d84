using Betting.Brokers;
using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Commit;
using Betting.CdcSink.KafkaTopics;
using Betting.CdcSink.Messages;
using Betting.Contracts;
using Betting.Debezium;
using Betting.Hosting;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Betting.CdcSink.Snapshots;

/// <summary>
/// Settles snapshots that ended, beside the batches: waits until every partition of the tables' topics has passed the position that it had,
/// then deletes the rows that are gone. A replica that starts while a snapshot is open waits for the topics' ends of that later moment.
/// </summary>
public sealed class SnapshotEndLoop(
    SnapshotStore snapshots,
    SnapshotSettlement settlement,
    ProgressStore progress,
    IOptions<KafkaOptions> kafka,
    CdcSinkOptions options,
    CdcSinkMetrics metrics,
    Readiness readiness,
    ClickHouseOutage outage,
    Heartbeats heartbeats,
    TimeProvider clock,
    ILogger<SnapshotEndLoop> log
) : IWorkerLoop
{
    /// <summary>Readiness: false while ClickHouse does not take, or answer, what settles a snapshot.</summary>
    public const string Condition = "clickhouse-snapshots";

    static readonly TimeSpan LogEvery = TimeSpan.FromMinutes(1);

    readonly ChangeTopics _topics = new(options.TopicPrefix);

    // By version. Null at the first look, so that records on their way to other brokers arrive before the ends are read.
    readonly Dictionary<ChangeVersion, SnapshotWait?> _waits = [];

    long? _logged;

    public string Name => "snapshot-ends";

    public async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            heartbeats.Beat(Name);
            try
            {
                await heartbeats.WhileAsync(Name, PollAsync(stopping));
                readiness.Set(Condition, ready: true);
                _logged = null;
            }
            catch (KafkaException failure) when (!failure.Error.IsFatal)
            {
                CdcSinkLog.SnapshotEndWaits(log, failure.Error.Code.ToString());
            }
            catch (Exception failure) when (ClickHouseErrors.IsRetryable(failure, stopping, out var code))
            {
                Wait(failure, code, stopping);
            }
            await heartbeats.WhileAsync(Name, Task.Delay(options.SnapshotEndsEvery, clock, stopping));
        }
    }

    // The probe reports an outage. Whatever else is not taken is sent again, in smaller pages where it was too much.
    void Wait(Exception failure, string code, CancellationToken stopping)
    {
        if (outage.IsOutage(failure, stopping))
        {
            CdcSinkLog.SnapshotEndWaits(log, code);
            return;
        }
        metrics.Retry(code);
        readiness.Set(Condition, ready: false, $"not settled ({code})");
        if (_logged is not { } last || clock.GetElapsedTime(last) >= LogEvery)
        {
            _logged = clock.GetTimestamp();
            CdcSinkLog.SnapshotEndRefused(log, code, Refusal.NameOf(code), Refusal.LineOf(failure));
        }
    }

    async Task PollAsync(CancellationToken stopping)
    {
        var open = await snapshots.OpenAsync(stopping);
        // Settled by another replica. A last read of the same snapshot that comes later is waited for anew.
        foreach (var version in _waits.Keys.Except(open.Select(end => end.Version)).ToList())
        {
            _waits.Remove(version);
        }
        if (open.Count == 0)
        {
            return;
        }
        var reached = await progress.ReadAsync(_topics.Tables, stopping);
        if (open.Exists(end => _waits.TryGetValue(end.Version, out var known) && known is null))
        {
            await BeginWaitsAsync(reached);
        }
        // In their order: an earlier snapshot of the epoch decides what a later one may delete.
        foreach (var end in open)
        {
            if (_waits.TryAdd(end.Version, null))
            {
                continue;
            }
            if (_waits[end.Version] is { } stale && stale.IsStale(reached))
            {
                _waits[end.Version] = null;
            }
            else if (_waits[end.Version] is { } wait && wait.IsOver(reached))
            {
                await settlement.SettleAsync(end, () => heartbeats.Beat(Name), stopping);
                _waits.Remove(end.Version);
            }
        }
    }

    async Task BeginWaitsAsync(Dictionary<TopicPartition, PartitionPosition> reached)
    {
        using var topics = new TopicEnds(kafka, options, clock);
        var seen = await topics.ReadAsync();
        if (!seen.IsWhole)
        {
            // A partition without a leader may have reads of the snapshot.
            CdcSinkLog.SnapshotEndWaits(log, "a partition does not answer");
            return;
        }
        foreach (var version in _waits.Where(each => each.Value is null).Select(each => each.Key).ToList())
        {
            _waits[version] = new SnapshotWait(seen.Ends.Where(end => _topics.Tables.Contains(end.Topic)), reached);
        }
    }
}
