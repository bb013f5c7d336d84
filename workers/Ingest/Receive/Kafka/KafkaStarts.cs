using Betting.Contracts;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Betting.Ingest.Receive.Kafka;

/// <summary>Finds where partitions begin, and sees while they are read whether the topic is still the same one.</summary>
/// <remarks>For the consumer's thread alone.</remarks>
sealed class KafkaStarts(GroupWithoutOffsets groups, KafkaPlaces places, IngestMetrics metrics, ILogger log) : IDisposable
{
    static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    readonly TopicIdentity _identity = new(Topics.Commands, () => IngestLog.TopicNotLookedAt(log, Topics.Commands));

    // Partitions were found once, so the id is that of the topic which is read.
    bool _isFound;

    /// <summary>How far partitions are applied.</summary>
    public KafkaPlaces Places => places;

    /// <summary>The topic's id when partitions were found last; empty where the brokers tell none.</summary>
    public string TopicId { get; private set; } = "";

    /// <exception cref="KafkaException">The brokers do not tell.</exception>
    /// <exception cref="Npgsql.NpgsqlException">PostgreSQL does not.</exception>
    /// <exception cref="OperationCanceledException">It has not in time.</exception>
    public Dictionary<TopicPartition, PartitionStart> Find(
        IConsumer<byte[]?, byte[]> consumer,
        IReadOnlyCollection<TopicPartition> partitions
    )
    {
        var known = places.Of(partitions);
        // Not told while a partition has no leader: the others go on as those of the topic that was read, and records prove their places.
        TopicId = _identity.Ask(consumer)
            ?? (TopicId.Length > 0 ? TopicId : known.Values.Select(place => place.TopicId).FirstOrDefault(id => id.Length > 0) ?? "");
        _isFound = true;
        var committed = consumer.Committed(partitions, Timeout);
        if (known.Count == 0 && committed.Exists(each => each.Offset == Offset.Unset))
        {
            groups.Poll(consumer);
        }
        var starts = committed.ToDictionary(
            each => each.TopicPartition,
            each => PartitionStart.Of(each.Offset, known.GetValueOrDefault(each.TopicPartition), TopicId)
        );
        if (starts.Any(start => start.Value.IsAnew))
        {
            TellAnew();
        }
        var unplaced = committed.Where(each => !each.Offset.IsSpecial && !known.ContainsKey(each.TopicPartition)).ToList();
        if (unplaced.Count > 0)
        {
            IngestLog.NoPlaces(log, string.Join(", ", unplaced.Select(each => $"{each.Partition.Value}@{each.Offset.Value}")));
        }
        foreach (var group in committed.Where(each => !each.Offset.IsSpecial))
        {
            if (starts[group.TopicPartition] is { IsAnew: false, Wanted: var wanted } && wanted < group.Offset.Value)
            {
                IngestLog.PlaceBehindGroup(log, group.Topic, group.Partition.Value, group.Offset.Value, wanted);
            }
        }
        return starts;
    }

    /// <summary>True where the topic is another one by now; asks without waiting, about once a second.</summary>
    public bool IsReplaced(IConsumer<byte[]?, byte[]> consumer) =>
        _identity.Poll(consumer) is { Length: > 0 } id && _isFound && id != TopicId;

    /// <summary>The topic was made anew under the same name.</summary>
    public void TellAnew()
    {
        metrics.GroupOffsetsMissing();
        IngestLog.TopicRecreated(log, Topics.Commands);
    }

    public void Dispose() => _identity.Dispose();
}
