using Betting.CdcSink.Batches;
using Betting.Connections;
using Betting.Contracts;
using Betting.Debezium;
using Betting.Hosting;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Consume;

/// <summary>
/// Reads the topics of the change stream into batches. Partitions are given back only after the batches in hand had their effect,
/// within a limit; beyond it they are given back all the same, since whoever reads the records again changes nothing.
/// </summary>
public sealed class StreamConsumer : IDisposable
{
    public const string Condition = "kafka";

    static readonly TimeSpan Wait = TimeSpan.FromMilliseconds(50);

    readonly CdcSinkOptions _options;
    readonly CdcSinkMetrics _metrics;
    readonly Readiness _readiness;
    readonly TimeProvider _clock;
    readonly ILogger<StreamConsumer> _log;
    readonly IConsumer<byte[]?, byte[]?> _consumer;
    readonly Dictionary<TopicPartition, PartitionPosition> _positions = [];
    BatchBuilder _builder;

    /// <summary>Unknown after a rebalance: librdkafka keeps a partition paused that comes back, and new ones are not.</summary>
    bool? _paused;

    public StreamConsumer(KafkaOptions kafka, CdcSinkOptions options, CdcSinkMetrics metrics, Readiness readiness, TimeProvider clock, ILogger<StreamConsumer> log)
    {
        _options = options;
        _metrics = metrics;
        _readiness = readiness;
        _clock = clock;
        _log = log;
        _builder = NewBuilder();
        _consumer = new ConsumerBuilder<byte[]?, byte[]?>(kafka.Consumer(Choose))
            .SetPartitionsAssignedHandler((_, partitions) => Assign(partitions))
            .SetPartitionsRevokedHandler((_, partitions) => GiveBack(partitions))
            .SetPartitionsLostHandler((_, partitions) => GiveBack(partitions))
            .SetErrorHandler((_, error) => CdcSinkLog.KafkaTrouble(_log, error.Code.ToString(), error.Reason))
            .SetLogHandler((_, _) => { })
            .Build();
    }

    /// <summary>Waits, within a limit, until every batch handed over has had its effect; true if so. Called while partitions are given back.</summary>
    public required Func<ChangeBatch?, TimeSpan, bool> Finish { get; init; }

    public void Subscribe()
    {
        var topics = new ChangeTopics(_options.TopicPrefix);
        _consumer.Subscribe([.. topics.Tables, topics.Messages, topics.Heartbeats]);
    }

    /// <summary>Reads until a batch is due; null where none is within a short wait, so that the caller can look around.</summary>
    public ChangeBatch? Read()
    {
        do
        {
            var consumed = Consume();
            if (consumed is not null)
            {
                Add(consumed);
            }
            else if (!_builder.IsDue)
            {
                return null;
            }
        }
        while (!_builder.IsDue);
        return Take();
    }

    /// <summary>Stays in the group while paused; a record that comes all the same is kept for the next batch.</summary>
    public void Poll()
    {
        if (Consume() is { } consumed)
        {
            Add(consumed);
        }
    }

    /// <summary>Stops or goes on fetching, while the broker still sees a living member of the group.</summary>
    public void Pause(bool pause)
    {
        if (pause == _paused)
        {
            return;
        }
        _paused = pause;
        if (pause)
        {
            _consumer.Pause(_consumer.Assignment);
        }
        else
        {
            _consumer.Resume(_consumer.Assignment);
        }
    }

    /// <summary>Commits what a batch reached. A failure costs only that its records come again.</summary>
    public void Commit(ChangeBatch batch)
    {
        try
        {
            _consumer.Commit(batch.Positions.Select(position => new TopicPartitionOffset(position.Topic, position.Partition, position.NextOffset)));
        }
        catch (KafkaException failure)
        {
            CdcSinkLog.CommitFailed(_log, failure.Error.Code.ToString());
        }
    }

    /// <summary>Leaves the group; partitions are given back first.</summary>
    public void Close() => _consumer.Close();

    public void Dispose() => _consumer.Dispose();

    ConsumeResult<byte[]?, byte[]?>? Consume()
    {
        try
        {
            return _consumer.Consume(Wait);
        }
        catch (ConsumeException failure) when (failure.Error.Code == ErrorCode.Local_AutoOffsetReset)
        {
            CdcSinkLog.OffsetLost(_log, failure.ConsumerRecord?.TopicPartitionOffset.ToString() ?? failure.Error.Reason);
            throw;
        }
        catch (ConsumeException failure) when (!failure.Error.IsFatal)
        {
            // A topic that is not there yet, a broker that changes: librdkafka goes on by itself.
            CdcSinkLog.KafkaTrouble(_log, failure.Error.Code.ToString(), failure.Error.Reason);
            return null;
        }
    }

    void Add(ConsumeResult<byte[]?, byte[]?> consumed)
    {
        var record = ConsumedRecord.From(consumed);
        _builder.Add(record, out var decoded);
        var position = _positions.GetValueOrDefault(consumed.TopicPartition, new PartitionPosition(record.Topic, record.Partition, 0, 0, 0, 0));
        _positions[consumed.TopicPartition] = position with
        {
            NextOffset = record.Offset + 1,
            Version = Math.Max(position.Version, decoded.Version.Value),
            CommittedAt = decoded.CommitTime == 0 ? position.CommittedAt : decoded.CommitTime,
        };
    }

    /// <summary>The batch, with where every partition stands: idle ones too, whose end may have been seen meanwhile.</summary>
    ChangeBatch? Take()
    {
        if (_builder.Take() is not { } batch)
        {
            return null;
        }
        foreach (var (partition, position) in _positions)
        {
            var end = _consumer.GetWatermarkOffsets(partition).High.Value;
            batch.Positions.Add(position with { EndOffset = Math.Max(end, position.NextOffset) });
        }
        return batch;
    }

    List<TopicPartitionOffset> Assign(List<TopicPartition> partitions)
    {
        _builder = NewBuilder();
        _positions.Clear();
        _paused = null;
        var starts = partitions.Count == 0 ? [] : _consumer.Committed(partitions, TimeSpan.FromSeconds(10)).Select(Start).ToList();
        CdcSinkLog.Assigned(_log, string.Join(", ", starts));
        _readiness.Set(Condition, ready: true);
        return starts;
    }

    TopicPartitionOffset Start(TopicPartitionOffset committed)
    {
        if (committed.Offset == Offset.Unset)
        {
            CdcSinkLog.FirstStart(_log, committed.TopicPartition.ToString(), _options.FirstStart);
            return new TopicPartitionOffset(committed.TopicPartition, _options.FirstStart == FirstStart.Beginning ? Offset.Beginning : Offset.End);
        }
        _positions[committed.TopicPartition] = new PartitionPosition(committed.Topic, committed.Partition, committed.Offset, 0, 0, 0);
        return committed;
    }

    void GiveBack(List<TopicPartitionOffset> partitions)
    {
        _readiness.Set(Condition, ready: false, "no partitions");
        var finished = Finish(Take(), _options.RebalanceWait);
        _positions.Clear();
        CdcSinkLog.Revoked(_log, string.Join(", ", partitions), finished);
    }

    BatchBuilder NewBuilder() =>
        new(new RecordDecoder(_options.Decoding()), _options, _metrics, _clock);

    void Choose(ConsumerConfig config)
    {
        config.GroupId = _options.Group;
        config.ClientId = "cdc-sink";
        config.EnableAutoCommit = false;
        config.EnableAutoOffsetStore = false;
        // A gap is an error, never a silent jump; where a group begins for the first time is told on assignment.
        config.AutoOffsetReset = AutoOffsetReset.Error;
        config.AllowAutoCreateTopics = false;
        config.TopicMetadataRefreshIntervalMs = 5_000;
        config.FetchWaitMaxMs = 50;
        config.QueuedMaxMessagesKbytes = 65_536;
    }
}
