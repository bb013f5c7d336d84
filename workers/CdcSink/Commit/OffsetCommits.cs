using Betting.CdcSink.Messages;
using Betting.Connections;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Commit;

/// <summary>
/// Commits to the group what batches reached. Batches end on another thread than the one that begins partitions anew, and one that
/// was read before its partition began anew must not move it: each beginning, and each return of a partition to the group, is a turn,
/// and positions of a former turn are dropped. So nothing is committed for a partition that another member may own.
/// </summary>
sealed class OffsetCommits(IConsumer<byte[]?, byte[]?> consumer, KafkaOutage outage, TimeProvider clock, ILogger log)
{
    static readonly TimeSpan AgainAfter = TimeSpan.FromSeconds(1),
        SayAgainAfter = TimeSpan.FromMinutes(1);

    // One commit at a time; apart from the turns, so that a broker that does not answer never holds up a rebalance.
    readonly Lock _one = new(),
        _gate = new();
    readonly Dictionary<TopicPartition, int> _turns = [];
    volatile IReadOnlyList<PartitionPosition>? _uncommitted;
    long _tried;
    Task _again = Task.CompletedTask;
    long? _reported;

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
                var reached = Current(positions);
                if (reached.Count > 0)
                {
                    consumer.Commit(reached);
                }
                _uncommitted = null;
                _reported = null;
            }
            catch (KafkaException failure)
            {
                // The latest positions hold all partitions, so they stand for earlier ones too. A member that the group has shut
                // out has nothing to commit: its partitions are read again by their next owner.
                _uncommitted = IsShutOut(failure.Error.Code) ? null : positions;
                _tried = clock.GetTimestamp();
                Report(failure.Error);
            }
        }
    }

    /// <summary>
    /// Tries what failed once more when its time has come; called often, on the reading thread. Brokers that stand still would hold up
    /// that thread, so another one waits for them.
    /// </summary>
    public void Again()
    {
        if (_uncommitted is { } positions && clock.GetElapsedTime(_tried) >= AgainAfter && _again.IsCompleted)
        {
            _again = Task.Run(() => Commit(positions));
        }
    }

    /// <summary>
    /// Waits for a commit that another thread tries. To be called before the consumer is destroyed: librdkafka aborts the process where a
    /// handle is destroyed while another thread uses it.
    /// </summary>
    public void Close() => _again.GetAwaiter().GetResult();

    /// <summary>
    /// From here on batches in hand do not move these partitions any more: they begin anew, or belong to the group again.
    /// </summary>
    public void NextTurn(IEnumerable<TopicPartition> partitions)
    {
        lock (_gate)
        {
            foreach (var partition in partitions)
            {
                _turns[partition] = _turns.GetValueOrDefault(partition) + 1;
            }
        }
    }

    public int TurnOf(TopicPartition partition)
    {
        lock (_gate)
        {
            return _turns.GetValueOrDefault(partition);
        }
    }

    List<TopicPartitionOffset> Current(IReadOnlyList<PartitionPosition> positions)
    {
        lock (_gate)
        {
            return
            [
                .. positions
                    .Where(position => _turns.GetValueOrDefault(new TopicPartition(position.Topic, position.Partition)) == position.Turn)
                    .Select(position => new TopicPartitionOffset(position.Topic, position.Partition, position.NextOffset)),
            ];
        }
    }

    static bool IsShutOut(ErrorCode code) => code is ErrorCode.UnknownMemberId or ErrorCode.IllegalGeneration or ErrorCode.FencedInstanceId;

    void Report(Error error)
    {
        if (!outage.HasFailed(error) && (_reported is null || clock.GetElapsedTime(_reported.Value) >= SayAgainAfter))
        {
            _reported = clock.GetTimestamp();
            CdcSinkLog.CommitFailed(log, error.Code.ToString());
        }
    }
}
