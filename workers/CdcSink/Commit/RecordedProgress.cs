using System.Globalization;
using Betting.CdcSink.Messages;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Commit;

/// <summary>
/// What <c>sink_progress</c> had of this replica's partitions when they began, and what it has recorded there since. Progress of a
/// partition only grows, so a ClickHouse that has less was restored from an older state, or another one answers: changes before that are
/// missing there, and recording more progress would hide them.
/// </summary>
public sealed class RecordedProgress(ProgressStore store, TimeProvider clock, ILogger<RecordedProgress> log)
{
    // A replica of ClickHouse that lags catches up; a restored one does not.
    const int Looks = 5;

    static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    // Partitions are given away while a batch is recorded.
    readonly Lock _gate = new();
    readonly Dictionary<TopicPartition, PartitionPosition> _recorded = [];

    /// <summary>
    /// ClickHouse has these, and the partitions begin. What this replica recorded of them before stays, where it is more.
    /// </summary>
    public void Begin(IEnumerable<PartitionPosition> positions)
    {
        lock (_gate)
        {
            foreach (var position in positions)
            {
                if (!_recorded.TryGetValue(Of(position), out var recorded) || IsLess(recorded, position))
                {
                    _recorded[Of(position)] = position;
                }
            }
        }
    }

    /// <summary>These are in ClickHouse.</summary>
    public void Add(IEnumerable<PartitionPosition> positions)
    {
        lock (_gate)
        {
            foreach (var position in positions)
            {
                _recorded[Of(position)] = position;
            }
        }
    }

    /// <summary>The last change of a position's partition that was recorded before; none where nothing was.</summary>
    public LastChange LastChangeOf(PartitionPosition position)
    {
        lock (_gate)
        {
            return _recorded.TryGetValue(Of(position), out var before) ? before.LastChange : default;
        }
    }

    /// <summary>Partitions were given away.</summary>
    public void Forget()
    {
        lock (_gate)
        {
            _recorded.Clear();
        }
    }

    /// <summary>Compares what ClickHouse has of these partitions with what was recorded before.</summary>
    /// <exception cref="ClickHouseWentBackException">It has less.</exception>
    public async Task EnsureKeptAsync(IReadOnlyCollection<PartitionPosition> positions, CancellationToken cancellation)
    {
        for (var look = 1; await WhatIsMissingAsync(positions, cancellation) is { } missing; look++)
        {
            if (look == Looks)
            {
                CdcSinkLog.ClickHouseWentBack(log, missing);
                throw new ClickHouseWentBackException(missing);
            }
            await Task.Delay(Pause, clock, cancellation);
        }
    }

    async Task<string?> WhatIsMissingAsync(IReadOnlyCollection<PartitionPosition> positions, CancellationToken cancellation)
    {
        var expected = Expected(positions);
        if (expected.Count == 0)
        {
            return null;
        }
        var stored = await store.ReadAsync(expected.Select(position => position.Topic), cancellation);
        var less = expected.Find(position => !stored.TryGetValue(Of(position), out var found) || IsLess(found, position));
        if (less.Topic is null)
        {
            return null;
        }
        var has = stored.TryGetValue(Of(less), out var found)
            ? FormattableString.Invariant($"it up to {found.NextOffset}")
            : "nothing of it";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{less.Topic} {less.Partition} was recorded up to {less.NextOffset}, and ClickHouse has "
                + $"{has}: was it restored from a backup, or does another one answer?"
        );
    }

    List<PartitionPosition> Expected(IReadOnlyCollection<PartitionPosition> positions)
    {
        lock (_gate)
        {
            return [.. positions.Where(position => _recorded.ContainsKey(Of(position))).Select(position => _recorded[Of(position)])];
        }
    }

    static bool IsLess(in PartitionPosition found, in PartitionPosition recorded) =>
        found.Generation < recorded.Generation || (found.Generation == recorded.Generation && found.NextOffset < recorded.NextOffset);

    static TopicPartition Of(PartitionPosition position) => new(position.Topic, position.Partition);
}

/// <summary>
/// ClickHouse has less than this replica wrote there. The worker ends: at its next start it reads again from what ClickHouse has.
/// </summary>
public sealed class ClickHouseWentBackException(string missing) : Exception(missing);
