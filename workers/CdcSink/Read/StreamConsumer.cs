using Betting.Brokers;
using Betting.CdcSink.Commit;
using Betting.CdcSink.Decode;
using Betting.CdcSink.KafkaTopics;
using Betting.CdcSink.Messages;
using Betting.Connections;
using Betting.Contracts;
using Betting.Debezium;
using Betting.Hosting;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Read;

/// <summary>
/// Reads the topics of the change stream into batches. Partitions are given back only after the batches in hand had their effect,
/// within a limit; beyond it they are given back all the same, since whoever reads the records again changes nothing.
/// </summary>
public sealed class StreamConsumer : IDisposable
{
    /// <summary>Readiness: whether the group has given this replica its partitions, and it is known where they begin.</summary>
    public const string Condition = "assignment";

    // The name under which outages know the consumer.
    internal const string Loop = "sink";

    static readonly TimeSpan Wait = TimeSpan.FromMilliseconds(50);

    // A group that loses a member without a sign waits for it as long as its session lasts.
    static readonly TimeSpan LongestJoin = TimeSpan.FromSeconds(60);

    readonly CdcSinkOptions _options;
    readonly CdcSinkMetrics _metrics;
    readonly Readiness _readiness;
    readonly TimeProvider _clock;
    readonly ILogger<StreamConsumer> _log;
    readonly IConsumer<byte[]?, byte[]?> _consumer;
    readonly ReadPositions _positions = new();
    readonly OwnedPartitions _owned;
    readonly OffsetCommits _commits;
    readonly Outages _outages;
    readonly KafkaOutage _outage;
    readonly WorkerMetrics _worker;
    BatchBuilder _builder;

    /// <summary>Unknown after a rebalance: librdkafka keeps a partition paused that comes back, and new ones are not.</summary>
    bool? _paused;

    /// <summary>Since when the group gives no partitions, or since that was said last; null while it has answered.</summary>
    long? _joiningSince;

    /// <summary>Since when a position stands further than the last batch said, without a record that a batch could bring.</summary>
    long? _movedSince;

    public StreamConsumer(
        KafkaOptions kafka,
        CdcSinkOptions options,
        CdcSinkMetrics metrics,
        PartitionStarts starts,
        Readiness readiness,
        Outages outages,
        WorkerMetrics worker,
        TimeProvider clock,
        ILogger<StreamConsumer> log
    )
    {
        _options = options;
        _metrics = metrics;
        _readiness = readiness;
        _clock = clock;
        _log = log;
        _builder = NewBuilder();
        _worker = worker;
        _outages = outages;
        _outage = new KafkaOutage(outages, Loop, error => CdcSinkLog.KafkaTrouble(log, error.Code.ToString(), error.Reason), clock);
        _consumer = new ConsumerBuilder<byte[]?, byte[]?>(kafka.Consumer(config => StreamSettings.Apply(config, options.Group)))
            .SetPartitionsAssignedHandler((_, partitions) => Assign(partitions))
            .SetPartitionsRevokedHandler((_, partitions) => GiveBack(partitions))
            .SetPartitionsLostHandler((_, partitions) => Lose(partitions))
            .SetErrorHandler((_, error) => _outage.OnError(error))
            .SetLogHandler((_, _) => { })
            .Build();
        _commits = new OffsetCommits(_consumer, _outage, clock, log);
        _owned = new OwnedPartitions(_consumer, starts, _positions, _commits, readiness, clock, log);
    }

    /// <summary>
    /// Waits, within a limit, until every batch handed over has had its effect; true if so. Called while partitions are given back.
    /// </summary>
    public required Func<ChangeBatch?, TimeSpan, bool> Finish { get; init; }

    /// <summary>Told of each record that is decoded.</summary>
    public required FollowedBets Followed { get; init; }

    public void Subscribe()
    {
        var topics = new ChangeTopics(_options.TopicPrefix);
        _joiningSince = _clock.GetTimestamp();
        _consumer.Subscribe([.. topics.Tables, topics.Messages, topics.Heartbeats]);
    }

    /// <summary>
    /// True where a batch is to be taken: its records are due, or positions moved over offsets without records and no record is gathered.
    /// </summary>
    public bool IsDue =>
        _builder.IsDue || (_builder.Records == 0 && _movedSince is { } since && _clock.GetElapsedTime(since) >= _options.BatchAge);

    /// <summary>Whether nothing more fits into the batch that is being gathered.</summary>
    public bool IsFull => _builder.IsFull;

    /// <summary>Adds to the batch for a moment: until it is full, or nothing came for a short wait, or the moment is over.</summary>
    public void Gather()
    {
        foreach (var begun in _owned.TryBegin())
        {
            _builder.BeginAnew(begun.Topic, begun.Partition);
            _paused = null;
        }
        _commits.Again();
        SayWhereNotAssigned();
        _outage.Poll(_consumer);
        var start = _clock.GetTimestamp();
        while (!_builder.IsFull && _clock.GetElapsedTime(start) < Wait && Consume() is { } consumed)
        {
            Add(consumed);
        }
    }

    /// <summary>Stays in the group while paused; a record that comes all the same is kept for the next batch.</summary>
    public void Poll()
    {
        _outage.Poll(_consumer);
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

    /// <inheritdoc cref="OffsetCommits.Commit"/>
    public void Commit(IReadOnlyList<PartitionPosition> positions) => _commits.Commit(positions);

    /// <summary>Leaves the group; partitions are given back first.</summary>
    public void Close() => _consumer.Close();

    public void Dispose()
    {
        _commits.Close();
        _consumer.Dispose();
    }

    ConsumeResult<byte[]?, byte[]?>? Consume()
    {
        try
        {
            return _consumer.Consume(Wait);
        }
        catch (ConsumeException failure) when (failure.Error.Code == ErrorCode.Local_AutoOffsetReset)
        {
            _owned.Refused(failure.ConsumerRecord.TopicPartition);
            return null;
        }
        catch (ConsumeException failure) when (!failure.Error.IsFatal)
        {
            // A topic that is not there yet, a broker that changes: librdkafka goes on by itself.
            _outage.OnError(failure.Error);
            return null;
        }
    }

    void Add(ConsumeResult<byte[]?, byte[]?> consumed)
    {
        if (consumed.IsPartitionEOF)
        {
            if (_positions.ReachEnd(consumed.TopicPartition, consumed.Offset.Value))
            {
                _movedSince ??= _clock.GetTimestamp();
            }
            return;
        }
        var record = ConsumedRecord.From(consumed);
        _builder.Add(record, out var decoded);
        Followed.Read(record, decoded);
        _positions.Read(record, decoded);
    }

    /// <summary>
    /// The batch, with where every partition stands: idle ones too, whose end may have been seen meanwhile. Without records where only
    /// positions moved.
    /// </summary>
    public ChangeBatch? Take()
    {
        var batch = _builder.Take();
        if (batch is null && _movedSince is null)
        {
            return null;
        }
        _movedSince = null;
        batch ??= new ChangeBatch();
        _positions.WriteTo(batch, partition => _consumer.GetWatermarkOffsets(partition).High.Value);
        return batch;
    }

    // Brokers that are away have lines of their own.
    void SayWhereNotAssigned()
    {
        if (_outages.IsAway(Stores.Kafka))
        {
            _joiningSince = _joiningSince is null ? null : _clock.GetTimestamp();
        }
        else if (_joiningSince is { } since && _clock.GetElapsedTime(since) >= LongestJoin)
        {
            _joiningSince = _clock.GetTimestamp();
            CdcSinkLog.NotAssigned(_log, _options.Group, LongestJoin.TotalSeconds);
        }
    }

    List<TopicPartitionOffset> Assign(List<TopicPartition> partitions)
    {
        _joiningSince = null;
        _builder = NewBuilder();
        _paused = null;
        _movedSince = null;
        _owned.Take(partitions);
        _worker.Rebalanced("assigned", partitions.Count);
        _outage.Joined();
        return [];
    }

    void GiveBack(List<TopicPartitionOffset> partitions)
    {
        _joiningSince = _clock.GetTimestamp();
        _readiness.Set(Condition, ready: false, "no partitions");
        var finished = Finish(Take(), _options.RebalanceWait);
        _owned.GiveBack(partitions.Select(each => each.TopicPartition));
        _worker.Rebalanced("revoked", 0);
        CdcSinkLog.Revoked(_log, string.Join(", ", partitions), finished);
    }

    /// <summary>
    /// The group went on without this member: what was gathered is their next owner's, and nothing of it may be committed here.
    /// </summary>
    void Lose(List<TopicPartitionOffset> partitions)
    {
        _joiningSince = _clock.GetTimestamp();
        _readiness.Set(Condition, ready: false, "partitions lost");
        _owned.GiveBack(partitions.Select(each => each.TopicPartition));
        Take()?.Dispose();
        Finish(null, TimeSpan.Zero);
        _worker.Rebalanced("lost", 0);
        CdcSinkLog.Lost(_log, string.Join(", ", partitions));
    }

    BatchBuilder NewBuilder() => new(new RecordDecoder(_options.Decoding()), _options, _metrics, _clock);
}
