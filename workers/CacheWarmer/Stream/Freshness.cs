using Betting.CacheWarmer.Counters;
using Confluent.Kafka;
using Microsoft.Extensions.Options;

namespace Betting.CacheWarmer.Stream;

/// <summary>
/// Which partitions of the bets topic this replica follows closely: at their end, or no further behind than
/// <see cref="CacheWarmerOptions.MaxStaleness"/>. Counters are published only while every partition is, by some replica.
/// </summary>
sealed class Freshness(ChangeStream stream, IOptions<CacheWarmerOptions> options, TimeProvider clock)
{
    static readonly TimeSpan CountPartitionsEvery = TimeSpan.FromSeconds(30),
        Ahead = TimeSpan.FromSeconds(5);

    readonly Dictionary<TopicPartition, DateTimeOffset> _lastCommit = [];
    int _partitions;
    long _counted;

    /// <summary>Remembers how far each partition's batch reached in time.</summary>
    /// <returns>When PostgreSQL committed the latest change of the batch; null if no record tells.</returns>
    public DateTimeOffset? Note(IEnumerable<ConsumeResult<byte[]?, byte[]?>> batch)
    {
        DateTimeOffset? latest = null;
        foreach (var last in batch.GroupBy(record => record.TopicPartition).Select(partition => partition.Last()))
        {
            // Debezium writes a record within moments of the commit it comes from; a replayed one has a new time and is at the end soon.
            var written = last.Message.Timestamp.UtcDateTime;
            _lastCommit[last.TopicPartition] = written;
            latest = latest is null || written > latest ? written : latest;
        }
        return latest;
    }

    public async Task MarkAsync(CounterStore store)
    {
        if (_partitions == 0 || clock.GetElapsedTime(_counted) > CountPartitionsEvery)
        {
            _partitions = CountPartitions();
            _counted = clock.GetTimestamp();
        }
        var now = await store.TimeAsync();
        var close = stream.AssignedBets.Where(partition => IsClose(partition, now)).Select(partition => partition.Partition.Value).ToList();
        if (_partitions > 0 && close.Count > 0)
        {
            await store.MarkFreshAsync(_partitions, close);
        }
    }

    // While nobody knows, what was known; before that none, and nothing is fresh.
    int CountPartitions()
    {
        try
        {
            return stream.PartitionsOfBets();
        }
        catch (KafkaException)
        {
            return _partitions;
        }
    }

    // By Redis's clock: on a machine whose own clock is behind, a change of minutes ago would seem to have come just now. What seems to
    // come from later says that clocks differ, and proves nothing.
    bool IsClose(TopicPartition partition, DateTimeOffset now) =>
        (_lastCommit.TryGetValue(partition, out var commit) && now - commit < options.Value.MaxStaleness && commit - now < Ahead)
        || IsAtEnd(partition);

    bool IsAtEnd(TopicPartition partition)
    {
        try
        {
            return stream.IsAtEnd(partition);
        }
        catch (KafkaException)
        {
            // A broker that does not answer: nobody knows whether there is more, so the partition is not fresh.
            return false;
        }
    }
}
