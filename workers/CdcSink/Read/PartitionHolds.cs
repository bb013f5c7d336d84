using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Commit;
using Betting.CdcSink.Formats;
using Betting.CdcSink.Messages;
using Betting.Contracts;
using Betting.Debezium;
using Confluent.Kafka;

namespace Betting.CdcSink.Read;

/// <summary>
/// Asks for reconciliations where partitions begin and something is missing: records that are left out, and changes that ClickHouse lost.
/// </summary>
public sealed class PartitionHolds(CdcSinkOptions options, ChangeStore changes, LostChanges lost)
{
    // Requests that are written side by side.
    const int AtOnce = 8;

    readonly ChangeTopics _topics = new(options.TopicPrefix);

    /// <summary>Before progress says more: interrupted, the same is asked again.</summary>
    /// <param name="starts">Where partitions begin.</param>
    /// <param name="known">What ClickHouse knows of the topics' partitions.</param>
    /// <param name="cancellation">Ends it.</param>
    internal async Task AskAsync(
        IReadOnlyCollection<(TopicPartition Partition, PartitionStart Start)> starts,
        Dictionary<TopicPartition, PartitionPosition> known,
        CancellationToken cancellation
    )
    {
        await lost.CheckAsync(starts.Where(each => known.ContainsKey(each.Partition)).Select(each => known[each.Partition]), cancellation);
        var skipped = new List<(TopicPartition Partition, PartitionStart Start, PartitionPosition? Reached, string Id, string Reason)>();
        foreach (var (partition, start) in starts.Where(each => _topics.Tables.Contains(each.Partition.Topic)))
        {
            PartitionPosition? reached = known.TryGetValue(partition, out var before) ? before : null;
            if (SkippedRecords.Of(partition, start, reached) is var (id, reason))
            {
                skipped.Add((partition, start, reached, id, reason));
            }
        }
        if (skipped.Count == 0)
        {
            return;
        }
        // What is stored is recorded as read later, users and events only when their bets are joined.
        var read = await changes.NewestReadsAsync(cancellation);
        using var markers = new NativeRows(ChangeRows.SnapshotMarkerColumns);
        foreach (var (partition, start, reached, _, _) in skipped)
        {
            var version = Math.Max(reached?.Version ?? 0, read.GetValueOrDefault(partition.Topic));
            var next = new StreamRecord(partition.Topic, partition.Partition, start.Offset, 0, null, null, []);
            ChangeRows.AddSkipped(markers, next, new ChangeVersion(version), reached?.CommittedAt ?? 0);
        }
        await changes.InsertAsync("snapshot_markers", markers, cancellation);
        foreach (var some in skipped.Chunk(AtOnce))
        {
            await Task.WhenAll(some.Select(each => changes.AskReconciliationAsync(each.Id, each.Reason, Hold.Now, cancellation)));
        }
    }
}
