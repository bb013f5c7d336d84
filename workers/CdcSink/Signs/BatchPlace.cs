using Betting.CdcSink.Commit;
using Betting.CdcSink.Messages;
using Betting.Debezium;
using Confluent.Kafka;

namespace Betting.CdcSink.Signs;

/// <summary>Where a batch stands in the topic of a table, and whether its records were recorded before.</summary>
public sealed class BatchPlace(ProgressStore progress)
{
    /// <summary>
    /// True where progress is recorded up to the end of the batch in every partition of the table's topic: its records are read again, and
    /// their signs were asked for before that progress was recorded. False for an archive.
    /// </summary>
    /// <param name="batch">A batch, or a part of one.</param>
    /// <param name="table">The table whose topic is looked at.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<bool> IsRecordedAsync(ChangeBatch batch, SourceTable table, CancellationToken cancellation)
    {
        var positions = PositionsOf(batch, table);
        if (positions.Count == 0)
        {
            return false;
        }
        var recorded = await progress.ReadAsync(positions.Select(each => each.Topic), cancellation);
        return positions.TrueForAll(each =>
            recorded.TryGetValue(new TopicPartition(each.Topic, each.Partition), out var known)
            && known.Generation == each.Generation
            && known.NextOffset >= each.NextOffset
        );
    }

    /// <summary>
    /// The place as text: a position in PostgreSQL's log, and the end of the batch in each partition. A later batch has another place.
    /// </summary>
    public static string Of(ChangeBatch batch, SourceTable table, ChangeVersion version) =>
        string.Join(
            ' ',
            [
                FormattableString.Invariant($"{version.Lsn}"),
                .. PositionsOf(batch, table).Select(each => FormattableString.Invariant($"{each.Partition}@{each.NextOffset}")),
            ]
        );

    // A part of a batch has no positions of its own.
    static List<PartitionPosition> PositionsOf(ChangeBatch batch, SourceTable table) =>
        [.. (batch.PartOf ?? batch).Positions.Where(each => IsOf(each.Topic, table)).OrderBy(each => each.Partition)];

    static bool IsOf(string topic, SourceTable table) =>
        topic.AsSpan(topic.LastIndexOf('.') + 1).Equals(table.ToString(), StringComparison.OrdinalIgnoreCase);
}
