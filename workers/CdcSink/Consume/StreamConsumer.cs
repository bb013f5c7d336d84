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

    static readonly TimeSpan Wait = TimeSpan.FromMilliseconds(50), AskAgainAfter = TimeSpan.FromSeconds(1);

    readonly CdcSinkOptions _options;
    readonly CdcSinkMetrics _metrics;
    readonly Readiness _readiness;
    readonly TimeProvider _clock;
    readonly ILogger<StreamConsumer> _log;
    readonly IConsumer<byte[]?, byte[]?> _consumer;
    readonly PartitionStarts _starts;

    // What the group gave this replica; of it what is read, and where; and what has no beginning yet, with the position that a broker refused.
    readonly HashSet<TopicPartition> _owned = [];
    readonly ReadPositions _positions = new();
    readonly Dictionary<TopicPartition, long?> _unbegun = [];

    readonly OffsetCommits _commits;
    readonly KafkaTrouble _trouble;
    BatchBuilder _builder;
    long? _asked;

    /// <summary>Unknown after a rebalance: librdkafka keeps a partition paused that comes back, and new ones are not.</summary>
    bool? _paused;

    public StreamConsumer(KafkaOptions kafka, CdcSinkOptions options, CdcSinkMetrics metrics, PartitionStarts starts, Readiness readiness, TimeProvider clock, ILogger<StreamConsumer> log)
    {
        _options = options;
        _metrics = metrics;
        _starts = starts;
        _readiness = readiness;
        _clock = clock;
        _log = log;
        _builder = NewBuilder();
        _trouble = new KafkaTrouble(clock, log);
        _consumer = new ConsumerBuilder<byte[]?, byte[]?>(kafka.Consumer(Choose))
            .SetPartitionsAssignedHandler((_, partitions) => Assign(partitions))
            .SetPartitionsRevokedHandler((_, partitions) => GiveBack(partitions))
            .SetPartitionsLostHandler((_, partitions) => GiveBack(partitions))
            .SetErrorHandler((_, error) => _trouble.Say(error))
            .SetLogHandler((_, _) => { })
            .Build();
        _commits = new OffsetCommits(_consumer, clock, log);
    }

    /// <summary>Waits, within a limit, until every batch handed over has had its effect; true if so. Called while partitions are given back.</summary>
    public required Func<ChangeBatch?, TimeSpan, bool> Finish { get; init; }

    public void Subscribe()
    {
        var topics = new ChangeTopics(_options.TopicPrefix);
        _consumer.Subscribe([.. topics.Tables, topics.Messages, topics.Heartbeats]);
    }

    /// <summary>Whether a batch waits to be taken.</summary>
    public bool IsDue => _builder.IsDue;

    /// <summary>Whether nothing more fits into the batch that is being gathered.</summary>
    public bool IsFull => _builder.IsFull;

    /// <summary>Adds to the batch for a moment: until it is full, or nothing came for a short wait, or the moment is over.</summary>
    public void Gather()
    {
        Begin();
        _commits.Again();
        var start = _clock.GetTimestamp();
        while (!_builder.IsFull && _clock.GetElapsedTime(start) < Wait && Consume() is { } consumed)
        {
            Add(consumed);
        }
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

    /// <inheritdoc cref="OffsetCommits.Commit"/>
    public void Commit(IReadOnlyList<PartitionPosition> positions) => _commits.Commit(positions);

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
            var partition = failure.ConsumerRecord.TopicPartition;
            if (_positions.NextOf(partition) is { } next)
            {
                _unbegun[partition] = next;
            }
            return null;
        }
        catch (ConsumeException failure) when (!failure.Error.IsFatal)
        {
            // A topic that is not there yet, a broker that changes: librdkafka goes on by itself.
            _trouble.Say(failure.Error);
            return null;
        }
    }

    void Add(ConsumeResult<byte[]?, byte[]?> consumed)
    {
        var record = ConsumedRecord.From(consumed);
        _builder.Add(record, out var decoded);
        _positions.Read(consumed.TopicPartition, record, decoded);
    }

    /// <summary>The batch, with where every partition stands: idle ones too, whose end may have been seen meanwhile.</summary>
    public ChangeBatch? Take()
    {
        if (_builder.Take() is not { } batch)
        {
            return null;
        }
        _positions.WriteTo(batch, partition => _consumer.GetWatermarkOffsets(partition).High.Value);
        return batch;
    }

    // Nothing is read before it is known where to begin, which asks ClickHouse: see Begin.
    List<TopicPartitionOffset> Assign(List<TopicPartition> partitions)
    {
        _builder = NewBuilder();
        _positions.Clear();
        _unbegun.Clear();
        _commits.Forget();
        foreach (var partition in partitions)
        {
            _owned.Add(partition);
            _unbegun[partition] = null;
        }
        _paused = null;
        _asked = null;
        _readiness.Set(Condition, ready: partitions.Count == 0, "where to begin is not known yet");
        return [];
    }

    /// <summary>Begins what was assigned, what an order sends back, and what the broker does not have at its position any more.</summary>
    void Begin()
    {
        _starts.Tell();
        foreach (var partition in _starts.Ordered(_owned).ToList())
        {
            _unbegun.TryAdd(partition, null);
        }
        if (_unbegun.Count == 0 || (_asked is { } last && _clock.GetElapsedTime(last) < AskAgainAfter))
        {
            return;
        }
        _asked = _clock.GetTimestamp();
        _commits.NextTurn(_unbegun.Keys);
        var begun = _starts.TryBegin(_consumer, _unbegun);
        foreach (var (partition, position) in begun)
        {
            _unbegun.Remove(partition);
            _positions.Begin(partition, position is { } first ? first with { Turn = _commits.TurnOf(partition) } : null);
        }
        if (begun.Count == 0)
        {
            return;
        }
        // Not a seek, which a partition that stands at an error does not follow: all of them anew, each where it is.
        var starts = _positions.Next.ToList();
        _consumer.Assign(starts);
        _paused = null;
        CdcSinkLog.Assigned(_log, string.Join(", ", starts));
        _readiness.Set(Condition, _unbegun.Count == 0, $"where to begin is not known yet of {_unbegun.Count} partitions");
    }

    void GiveBack(List<TopicPartitionOffset> partitions)
    {
        _readiness.Set(Condition, ready: false, "no partitions");
        var finished = Finish(Take(), _options.RebalanceWait);
        _positions.Clear();
        _unbegun.Clear();
        _commits.Forget();
        _owned.Clear();
        _starts.Forget(partitions.Select(each => each.TopicPartition));
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
        config.QueuedMaxMessagesKbytes = 32_768;
    }
}
