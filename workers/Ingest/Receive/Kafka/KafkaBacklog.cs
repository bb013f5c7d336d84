using Betting.Brokers;
using Betting.Contracts;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Betting.Ingest.Receive.Kafka;

/// <summary>
/// How much waits in the whole topic, and for how long one of its partitions has stood still before its end: by the brokers' word, for a
/// consumer sees no further than its last fetch, no other replica's partitions, and nothing behind a publisher's open transaction. One
/// question at a time, never awaited. For the consumer's thread alone.
/// </summary>
public sealed class KafkaBacklog(TimeProvider clock)
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    readonly Dictionary<TopicPartition, (long Committed, long Since)> _standing = [];

    // Since when nobody tells of a partition.
    readonly Dictionary<TopicPartition, long> _untold = [];

    // What waited in each partition when it was last told.
    readonly Dictionary<TopicPartition, long> _waiting = [];
    Task<Dictionary<TopicPartition, PartitionReach>?> _question = Task.FromResult<Dictionary<TopicPartition, PartitionReach>?>(null);
    IAdminClient? _admin;
    volatile bool _isClosed;

    /// <returns>Null where no answer has come since the last look.</returns>
    public BacklogLook? Poll(IConsumer<byte[]?, byte[]> consumer)
    {
        if (!_question.IsCompleted)
        {
            return null;
        }
        var answer = _question.Result;
        _admin ??= new DependentAdminClientBuilder(consumer.Handle).Build();
        _question = Task.Run(() => AskAsync(_admin, consumer));
        return answer is null ? null : Measure(answer);
    }

    /// <summary>
    /// Compares an answer with those before it. A partition that is not told stands where it stood, and what waited in it waits.
    /// </summary>
    public BacklogLook Measure(Dictionary<TopicPartition, PartitionReach> answer)
    {
        var standing = new Dictionary<int, TimeSpan>();
        foreach (var gone in _standing.Keys.Concat(_waiting.Keys).Concat(_untold.Keys).Except(answer.Keys).ToList())
        {
            _standing.Remove(gone);
            _waiting.Remove(gone);
            _untold.Remove(gone);
        }
        foreach (var (partition, reach) in answer)
        {
            if (reach.IsTold)
            {
                _untold.Remove(partition);
            }
            else
            {
                _untold.TryAdd(partition, clock.GetTimestamp());
            }
            if (reach.IsTold && reach.End <= reach.Committed)
            {
                _standing.Remove(partition);
                _waiting.Remove(partition);
                continue;
            }
            if (!_standing.TryGetValue(partition, out var stands) || (reach.IsTold && stands.Committed != reach.Committed))
            {
                _standing[partition] = stands = (reach.Committed, clock.GetTimestamp());
            }
            if (reach.IsTold)
            {
                _waiting[partition] = reach.End - reach.Committed;
            }
            standing[partition.Partition.Value] = clock.GetElapsedTime(stands.Since);
        }
        return new BacklogLook(
            _waiting.Values.Sum(),
            standing,
            _untold.ToDictionary(each => each.Key, each => clock.GetElapsedTime(each.Value))
        );
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
    async Task<Dictionary<TopicPartition, PartitionReach>?> AskAsync(IAdminClient admin, IConsumer<byte[]?, byte[]> consumer)
    {
        try
        {
            var all = admin.GetMetadata(Topics.Commands, Limit).Topics.Single().Partitions;
            // A partition without a leader would hold up the answer for all others.
            var led = all.Where(partition => partition.Leader >= 0)
                .Select(partition => new TopicPartition(Topics.Commands, partition.PartitionId))
                .ToList();
            if (all.Count == 0 || _isClosed)
            {
                return null;
            }
            var told = led.Count == 0 ? [] : await AskAsync(admin, consumer, led);
            return all.Select(partition => new TopicPartition(Topics.Commands, partition.PartitionId))
                .ToDictionary(each => each, each => told.GetValueOrDefault(each));
        }
        catch (KafkaException)
        {
            return null;
        }
    }

    static async Task<Dictionary<TopicPartition, PartitionReach>> AskAsync(
        IAdminClient admin,
        IConsumer<byte[]?, byte[]> consumer,
        List<TopicPartition> partitions
    )
    {
        var firsts = TopicOffsets.OfAsync(admin, partitions, OffsetSpec.Earliest(), Limit);
        var ends = TopicOffsets.OfAsync(admin, partitions, OffsetSpec.Latest(), Limit);
        // Both, also where one is refused: none may be open when the consumer is closed.
        await Task.WhenAll(firsts, ends);
        var (first, end) = (await firsts, await ends);
        // The consumer's own request: those of an admin client about groups abort the process where their coordinator is lost (librdkafka
        // 4605).
        return consumer
            .Committed(partitions, Limit)
            .Where(each => first.ContainsKey(each.TopicPartition) && end.ContainsKey(each.TopicPartition))
            .ToDictionary(
                each => each.TopicPartition,
                each => new PartitionReach(true, Math.Max(each.Offset.Value, first[each.TopicPartition]), end[each.TopicPartition])
            );
    }
}

/// <summary>How far a partition is committed, and where it ends, by its leader's word.</summary>
/// <param name="IsTold">False where it has no leader, or its leader does not answer; the other two are 0 then.</param>
/// <param name="Committed">By the group; its first record where that is later.</param>
/// <param name="End">The offset of its next record.</param>
public readonly record struct PartitionReach(bool IsTold, long Committed, long End);

/// <summary>What waits in the topic.</summary>
/// <param name="Records">That the group has not committed, as far as was told.</param>
/// <param name="Standing">How long each partition that has some, or is not told, has not moved.</param>
/// <param name="Untold">How long partitions have had no leader that answers.</param>
public sealed record BacklogLook(
    long Records,
    IReadOnlyDictionary<int, TimeSpan> Standing,
    IReadOnlyDictionary<TopicPartition, TimeSpan> Untold
);
