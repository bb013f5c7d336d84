using Betting.Brokers;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Betting.CdcSink.KafkaTopics;

/// <summary>
/// Where partitions begin and end. All are asked for at once: a broker that does not answer costs one limit, and not one for each of its
/// partitions.
/// </summary>
sealed class TopicBounds(IAdminClient admin, TimeSpan limit)
{
    readonly Dictionary<string, List<PartitionMetadata>> _topics = [];

    /// <summary>The partitions of a topic; none where the topic is not there.</summary>
    /// <exception cref="KafkaException">No broker answers.</exception>
    public IEnumerable<TopicPartition> PartitionsOf(string topic) =>
        Query(topic).Select(partition => new TopicPartition(topic, partition.PartitionId));

    /// <returns>The first offset, and the end that a consumer of committed records sees, of the partitions whose leaders answer.</returns>
    /// <exception cref="KafkaException">No broker answers.</exception>
    public async Task<Dictionary<TopicPartition, (long Low, long High)>> ReadAsync(IEnumerable<TopicPartition> partitions)
    {
        var asked = partitions.Where(HasLeader).ToList();
        if (asked.Count == 0)
        {
            return [];
        }
        try
        {
            var first = TopicOffsets.OfAsync(admin, asked, OffsetSpec.Earliest(), limit, IsolationLevel.ReadCommitted);
            var last = TopicOffsets.OfAsync(admin, asked, OffsetSpec.Latest(), limit, IsolationLevel.ReadCommitted);
            await Task.WhenAll(first, last);
            var (firsts, lasts) = (await first, await last);
            return asked
                .Where(each => firsts.ContainsKey(each) && lasts.ContainsKey(each))
                .ToDictionary(each => each, each => (firsts[each], lasts[each]));
        }
        catch (KafkaException)
        {
            // Some broker told about the topics, so this is about the leaders of these partitions.
            return [];
        }
    }

    bool HasLeader(TopicPartition partition) =>
        Query(partition.Topic).Exists(each => each.PartitionId == partition.Partition.Value && each.Leader >= 0);

    List<PartitionMetadata> Query(string topic)
    {
        if (!_topics.TryGetValue(topic, out var partitions))
        {
            var told = admin.GetMetadata(topic, limit).Topics.Single();
            _topics[topic] = partitions = told.Error.IsError ? [] : told.Partitions;
        }
        return partitions;
    }
}
