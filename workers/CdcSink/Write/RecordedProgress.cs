using Betting.CdcSink.Batches;
using Betting.CdcSink.Consume;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Write;

/// <summary>
/// What this replica has recorded in <c>sink_progress</c> since its partitions were assigned. Progress of a partition only grows, so a
/// ClickHouse that has less was restored from an older state, or another one answers: changes before that are missing there, and
/// recording more progress would hide them.
/// </summary>
public sealed class RecordedProgress(ProgressStore store, TimeProvider clock, ILogger<RecordedProgress> log)
{
    // A replica of ClickHouse that lags catches up; a restored one does not.
    const int Looks = 5;

    static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    readonly Dictionary<TopicPartition, PartitionPosition> _recorded = [];

    /// <summary>These are in ClickHouse.</summary>
    public void Add(IEnumerable<PartitionPosition> positions)
    {
        foreach (var position in positions)
        {
            _recorded[Of(position)] = position;
        }
    }

    /// <summary>Partitions were given away.</summary>
    public void Forget() => _recorded.Clear();

    /// <summary>Compares what ClickHouse has of these partitions with what was recorded before.</summary>
    /// <exception cref="ClickHouseWentBackException">It has less.</exception>
    public async Task EnsureKeptAsync(IReadOnlyCollection<PartitionPosition> positions, CancellationToken cancellation)
    {
        var expected = positions.Where(position => _recorded.ContainsKey(Of(position))).Select(position => _recorded[Of(position)]).ToList();
        if (expected.Count == 0)
        {
            return;
        }
        for (var look = 1; ; look++)
        {
            var stored = await store.ReadAsync(expected.Select(position => position.Topic), cancellation);
            var less = expected.Find(position => !stored.TryGetValue(Of(position), out var found) || IsLess(found, position));
            if (less.Topic is null)
            {
                return;
            }
            if (look == Looks)
            {
                var failure = new ClickHouseWentBackException(less, stored.TryGetValue(Of(less), out var found) ? found.NextOffset : null);
                CdcSinkLog.ClickHouseWentBack(log, failure.Message);
                throw failure;
            }
            await Task.Delay(Pause, clock, cancellation);
        }
    }

    static bool IsLess(in PartitionPosition found, in PartitionPosition recorded) =>
        found.Generation < recorded.Generation || (found.Generation == recorded.Generation && found.NextOffset < recorded.NextOffset);

    static TopicPartition Of(PartitionPosition position) => new(position.Topic, position.Partition);
}

/// <summary>
/// ClickHouse has less progress than this replica recorded there. The worker ends: at its next start it reads again from what
/// ClickHouse has.
/// </summary>
public sealed class ClickHouseWentBackException(PartitionPosition recorded, long? found) : Exception(FormattableString.Invariant(
    $"{recorded.Topic} {recorded.Partition} was recorded up to {recorded.NextOffset}, and ClickHouse has {(found is { } offset ? $"it up to {offset}" : "nothing of it")}: was it restored from a backup, or does another one answer?"));
