using Betting.CdcSink.Batches;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Consume;

/// <summary>
/// Commits to the group what batches reached. Batches end on another thread than the one that begins partitions anew, and one that
/// was read before its partition began anew must not move it: each beginning is a turn, and positions of a former turn are dropped.
/// </summary>
sealed class OffsetCommits(IConsumer<byte[]?, byte[]?> consumer, TimeProvider clock, ILogger log)
{
    static readonly TimeSpan AgainAfter = TimeSpan.FromSeconds(1);

    readonly Lock _one = new();
    readonly Dictionary<TopicPartition, int> _turns = [];
    volatile IReadOnlyList<PartitionPosition>? _uncommitted;
    long _tried;

    /// <summary>
    /// Commits what batches reached. A failure costs only that records come again; it is tried again all the same, for the next batch
    /// may be long in coming.
    /// </summary>
    public void Commit(IReadOnlyList<PartitionPosition> positions)
    {
        lock (_one)
        {
            try
            {
                var reached = positions
                    .Where(position => _turns.GetValueOrDefault(new TopicPartition(position.Topic, position.Partition)) == position.Turn)
                    .Select(position => new TopicPartitionOffset(position.Topic, position.Partition, position.NextOffset)).ToList();
                if (reached.Count > 0)
                {
                    consumer.Commit(reached);
                }
                _uncommitted = null;
            }
            catch (KafkaException failure)
            {
                // The latest positions hold all partitions, so they stand for earlier ones too.
                (_uncommitted, _tried) = (positions, clock.GetTimestamp());
                CdcSinkLog.CommitFailed(log, failure.Error.Code.ToString());
            }
        }
    }

    /// <summary>Tries what failed once more when its time has come; called often.</summary>
    public void Again()
    {
        if (_uncommitted is { } positions && clock.GetElapsedTime(_tried) >= AgainAfter)
        {
            Commit(positions);
        }
    }

    /// <summary>The partitions are given away: their next owner reads again what is not committed.</summary>
    public void Forget() => _uncommitted = null;

    /// <summary>From here on batches in hand do not move these partitions any more, so that none of them undoes where they begin.</summary>
    public void NextTurn(IEnumerable<TopicPartition> partitions)
    {
        lock (_one)
        {
            foreach (var partition in partitions)
            {
                _turns[partition] = _turns.GetValueOrDefault(partition) + 1;
            }
        }
    }

    public int TurnOf(TopicPartition partition)
    {
        lock (_one)
        {
            return _turns.GetValueOrDefault(partition);
        }
    }
}
