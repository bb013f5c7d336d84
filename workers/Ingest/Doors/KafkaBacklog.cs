using Betting.Connections;
using Betting.Contracts;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Betting.Ingest.Doors;

/// <summary>
/// How much waits in the whole topic, and for how long one of its partitions has stood still before its end: by the brokers' word, for a
/// consumer sees no further than its last fetch, no other replica's partitions, and nothing behind a publisher's open transaction. One question at
/// a time, never awaited. For the consumer's thread alone.
/// </summary>
public sealed class KafkaBacklog(TimeProvider clock)
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    readonly Dictionary<TopicPartition, (long Committed, long Since)> _standing = [];
    Task<Dictionary<TopicPartition, (long Committed, long End)>?> _question = Task.FromResult<Dictionary<TopicPartition, (long Committed, long End)>?>(null);
    IAdminClient? _admin;
    volatile bool _isClosed;

    /// <returns>
    /// Records that the group has not committed, and how long each partition that has some has not moved; null where no answer has come
    /// since the last look.
    /// </returns>
    public (long Records, Dictionary<int, TimeSpan> Standing)? Look(IConsumer<byte[]?, byte[]> consumer)
    {
        if (!_question.IsCompleted)
        {
            return null;
        }
        var answer = _question.Result;
        _admin ??= new DependentAdminClientBuilder(consumer.Handle).Build();
        _question = Task.Run(() => AskAsync(_admin));
        return answer is null ? null : Measure(answer);
    }

    (long Records, Dictionary<int, TimeSpan> Standing) Measure(Dictionary<TopicPartition, (long Committed, long End)> answer)
    {
        var (waiting, standing) = (0L, new Dictionary<int, TimeSpan>());
        foreach (var (partition, (committed, end)) in answer)
        {
            if (end <= committed)
            {
                _standing.Remove(partition);
                continue;
            }
            waiting += end - committed;
            if (!_standing.TryGetValue(partition, out var stands) || stands.Committed != committed)
            {
                _standing[partition] = stands = (committed, clock.GetTimestamp());
            }
            standing[partition.Partition.Value] = clock.GetElapsedTime(stands.Since);
        }
        return (waiting, standing);
    }

    /// <summary>No question is open.</summary>
    public bool IsIdle => _question.IsCompleted;

    /// <summary>
    /// To be called before the consumer is closed, whose connections it uses. Waits for the question that is open, at most for the limit of
    /// a request: librdkafka aborts the process where a handle is destroyed while another thread uses it.
    /// </summary>
    public void Close()
    {
        _isClosed = true;
        _question.GetAwaiter().GetResult();
        _admin?.Dispose();
    }

    // Null where the brokers do not answer: the door's own requests tell of an outage.
    async Task<Dictionary<TopicPartition, (long Committed, long End)>?> AskAsync(IAdminClient admin)
    {
        try
        {
            // A partition without a leader would hold up the answer for all others.
            var partitions = admin.GetMetadata(Topics.Commands, Limit).Topics.Single().Partitions
                .Where(partition => partition.Leader >= 0).Select(partition => new TopicPartition(Topics.Commands, partition.PartitionId)).ToList();
            if (partitions.Count == 0 || _isClosed)
            {
                return null;
            }
            var firsts = TopicOffsets.OfAsync(admin, partitions, OffsetSpec.Earliest(), Limit);
            var ends = TopicOffsets.OfAsync(admin, partitions, OffsetSpec.Latest(), Limit);
            var group = admin.ListConsumerGroupOffsetsAsync([new ConsumerGroupTopicPartitions(Topics.IngestGroup, partitions)], new() { RequestTimeout = Limit });
            // All of them, also where one is refused: none may be open when the consumer is closed.
            await Task.WhenAll(firsts, ends, group);
            var (first, end) = (await firsts, await ends);
            return (await group).Single().Partitions.Where(each => !each.Error.IsError && first.ContainsKey(each.TopicPartition) && end.ContainsKey(each.TopicPartition))
                .ToDictionary(each => each.TopicPartition, each => (Math.Max(each.Offset.Value, first[each.TopicPartition]), end[each.TopicPartition]));
        }
        catch (KafkaException)
        {
            return null;
        }
    }
}
