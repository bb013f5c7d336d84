using Betting.Brokers;
using Betting.Connections;
using Betting.Contracts;
using Betting.Debezium;
using Betting.Hosting;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Betting.CacheWarmer.Stream;

/// <summary>
/// The consumer of the topics of bets and events. Offsets are stored only by <see cref="Done"/>, after Redis took the
/// effect; a gap (offsets that the broker no longer has) is told, never jumped over.
/// </summary>
sealed class ChangeStream : IDisposable
{
    // Of one batch, in memory: a record has a megabyte by default, and a batch thousands of records.
    const long MaxBatchBytes = 32 << 20;

    readonly IConsumer<byte[]?, byte[]?> _consumer;
    readonly string[] _topics;
    readonly ILogger<ChangeStream> _log;
    readonly Outages _outages;
    readonly KafkaOutage _outage;
    readonly HashSet<TopicPartition> _lost = [];

    // Where partitions end whose every record was handed out; gone as soon as another one comes.
    readonly Dictionary<TopicPartition, Offset> _ends = [];
    bool _paused;
    bool _closed;

    public ChangeStream(
        IOptions<KafkaOptions> kafka,
        IOptions<CacheWarmerOptions> options,
        Readiness readiness,
        Outages outages,
        WorkerMetrics metrics,
        TimeProvider clock,
        ILogger<ChangeStream> log
    )
    {
        (_log, _outages) = (log, outages);
        _outage = new KafkaOutage(outages, "stream", error => CacheWarmerLog.Kafka(log, error.Code, error.Reason), clock);
        var topics = new ChangeTopics(options.Value.TopicPrefix);
        _topics = [topics.Bets, topics.Events];
        BetsTopic = topics.Bets;
        readiness.Require("assignment");
        _consumer = new ConsumerBuilder<byte[]?, byte[]?>(kafka.Value.Consumer(StreamSettings.Apply))
            .SetLogHandler((_, line) => CacheWarmerLog.KafkaClient(log, LogLevel.Debug, line.Facility, line.Message))
            .SetErrorHandler((_, error) => _outage.OnError(error))
            .SetPartitionsAssignedHandler(
                (consumer, assigned) =>
                {
                    CacheWarmerLog.Assigned(log, string.Join(", ", assigned));
                    assigned.ForEach(partition => _ends.Remove(partition));
                    // One that was paused when it went away is still paused when it comes back: the next read resumes it.
                    _paused = true;
                    readiness.Set("assignment", true);
                    _outage.Joined();
                    metrics.Rebalanced("assigned", consumer.Assignment.Union(assigned).Count());
                }
            )
            .SetPartitionsRevokedHandler(
                (consumer, revoked) =>
                    metrics.Rebalanced("revoked", consumer.Assignment.Except(revoked.Select(each => each.TopicPartition)).Count())
            )
            .SetPartitionsLostHandler((_, _) => metrics.Rebalanced("lost", 0))
            .Build();
    }

    public string BetsTopic { get; }

    /// <summary>Partitions whose offsets were lost since the last call: counters need a new base.</summary>
    public bool HadGap { get; private set; }

    public void GapHandled() => HadGap = false;

    public void Subscribe() => _consumer.Subscribe(_topics);

    /// <summary>
    /// Up to <paramref name="size"/> records; waits <paramref name="first"/> for one, then <paramref name="more"/> for others.
    /// </summary>
    public List<ConsumeResult<byte[]?, byte[]?>> Next(int size, TimeSpan first, TimeSpan more, TimeProvider clock)
    {
        var (batch, bytes) = (new List<ConsumeResult<byte[]?, byte[]?>>(), 0L);
        var begun = clock.GetTimestamp();
        while (batch.Count < size && bytes < MaxBatchBytes)
        {
            var left = batch.Count == 0 ? first : more - clock.GetElapsedTime(begun);
            if (Consume(left > TimeSpan.Zero ? left : TimeSpan.Zero) is not { } record)
            {
                break;
            }
            if (batch.Count == 0)
            {
                begun = clock.GetTimestamp();
            }
            if (record.IsPartitionEOF)
            {
                ReachEnd(record.TopicPartitionOffset, batch);
                continue;
            }
            _ends.Remove(record.TopicPartition);
            RecordMemory.CutHeaders(record.Message, name => name == EpochHeader.Name);
            batch.Add(record);
            bytes += RecordMemory.Of(record.Message.Key, record.Message.Value, record.Message.Headers);
        }
        return batch;
    }

    /// <summary>The batch's effect is in Redis.</summary>
    public void Done(IEnumerable<ConsumeResult<byte[]?, byte[]?>> batch)
    {
        var assigned = _consumer.Assignment.ToHashSet();
        foreach (var last in batch.GroupBy(record => record.TopicPartition).Select(partition => partition.Last()))
        {
            // A partition that went to another replica meanwhile is read again there: harmless, effects are idempotent.
            if (assigned.Contains(last.TopicPartition))
            {
                _consumer.StoreOffset(
                    new TopicPartitionOffset(last.TopicPartition, _ends.GetValueOrDefault(last.TopicPartition, last.Offset + 1))
                );
            }
        }
    }

    /// <summary>Behind the last record may stand offsets that hold none; one that is not handed out now was done before.</summary>
    void ReachEnd(TopicPartitionOffset end, List<ConsumeResult<byte[]?, byte[]?>> batch)
    {
        _ends[end.TopicPartition] = end.Offset;
        if (!batch.Exists(record => record.TopicPartition == end.TopicPartition) && _consumer.Assignment.Contains(end.TopicPartition))
        {
            _consumer.StoreOffset(end);
        }
    }

    /// <summary>Stays in the group while nothing may be read; <see cref="Next"/> reads on afterwards.</summary>
    public void KeepWaiting()
    {
        _paused = true;
        _consumer.Pause(_consumer.Assignment);
        if (Consume(TimeSpan.Zero, resume: false) is { IsPartitionEOF: false } early)
        {
            // It came with a rebalance in the middle of the wait.
            _consumer.Seek(early.TopicPartitionOffset);
        }
    }

    /// <summary>Whether this replica follows the partition to its end at this moment; asks the broker.</summary>
    public bool IsAtEnd(TopicPartition partition)
    {
        var limit = TimeSpan.FromSeconds(2);
        var bounds = _consumer.QueryWatermarkOffsets(partition, limit);
        if (_ends.TryGetValue(partition, out var end) && end >= bounds.High)
        {
            return true;
        }
        var position = _consumer.Position(partition);
        if (position == Offset.Unset)
        {
            // Nothing came since it was assigned: it stands where the group left it, or at the beginning.
            position = _consumer.Committed([partition], limit)[0].Offset;
        }
        return (position == Offset.Unset ? bounds.Low : position) >= bounds.High;
    }

    public IEnumerable<TopicPartition> AssignedBets => _consumer.Assignment.Where(partition => partition.Topic == BetsTopic);

    /// <summary>How many partitions the bets topic has; 0 if it is not there.</summary>
    public int PartitionsOfBets()
    {
        using var admin = new DependentAdminClientBuilder(_consumer.Handle).Build();
        var topic = admin.GetMetadata(BetsTopic, TimeSpan.FromSeconds(5)).Topics.FirstOrDefault(topic => topic.Topic == BetsTopic);
        return topic is null || topic.Error.IsError ? 0 : topic.Partitions.Count;
    }

    /// <summary>Leaves the group after committing what is done, so that another replica goes on at once.</summary>
    public void Dispose()
    {
        if (_closed)
        {
            return;
        }
        _closed = true;
        _consumer.Close();
        _consumer.Dispose();
    }

    ConsumeResult<byte[]?, byte[]?>? Consume(TimeSpan wait, bool resume = true)
    {
        if (resume && _paused)
        {
            _consumer.Resume(_consumer.Assignment);
            _paused = false;
        }
        _outage.Poll(_consumer);
        if (_lost.Count > 0 && !_outages.IsAway(Stores.Kafka))
        {
            TopicPartition[] again = [.. _lost.Where(_consumer.Assignment.Contains)];
            _lost.Clear();
            Array.ForEach(again, TryReadFromBeginning);
        }
        try
        {
            return _consumer.Consume(wait);
        }
        catch (ConsumeException lost) when (lost.Error.Code == ErrorCode.Local_AutoOffsetReset)
        {
            TryReadFromBeginning(lost.ConsumerRecord.TopicPartition);
            return null;
        }
        catch (ConsumeException failure) when (!failure.Error.IsFatal)
        {
            _outage.OnError(failure.Error);
            return null;
        }
    }

    void TryReadFromBeginning(TopicPartition partition)
    {
        if (!_consumer.Assignment.Contains(partition))
        {
            // What a lost offset told came after the group took the partition away; whoever gets it looks for itself.
            return;
        }
        try
        {
            ReadFromBeginning(partition);
        }
        catch (KafkaException failure) when (!failure.Error.IsFatal)
        {
            // It stands still meanwhile, and the client does not tell again.
            _lost.Add(partition);
            CacheWarmerLog.Kafka(_log, failure.Error.Code, failure.Error.Reason);
        }
    }

    /// <summary>A group's first start on a topic that is still whole misses nothing; everything else does.</summary>
    void ReadFromBeginning(TopicPartition partition)
    {
        var limit = TimeSpan.FromSeconds(5);
        var isFirstStart =
            _consumer.Committed([partition], limit)[0].Offset == Offset.Unset && _consumer.QueryWatermarkOffsets(partition, limit).Low == 0;
        if (!isFirstStart)
        {
            CacheWarmerLog.OffsetLost(_log, partition);
            HadGap |= partition.Topic == BetsTopic;
        }
        _ends.Remove(partition);
        // A partition without a valid offset is not being fetched, so it cannot be sought: it is taken up anew.
        _consumer.IncrementalUnassign([partition]);
        _consumer.IncrementalAssign([new TopicPartitionOffset(partition, Offset.Beginning)]);
    }
}
