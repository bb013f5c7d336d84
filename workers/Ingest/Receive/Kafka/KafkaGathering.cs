using Betting.Brokers;
using Betting.Connections;
using Betting.DeadLetters;
using Confluent.Kafka;

namespace Betting.Ingest.Receive.Kafka;

/// <summary>The records of the next batch, in the order in which they came.</summary>
sealed class KafkaGathering(
    KafkaOffsets offsets,
    UnreadableRecords unreadable,
    KafkaOutage outage,
    IngestOptions options,
    TimeProvider clock
)
{
    /// <summary>The longest wait for a first record; the door looks around in between.</summary>
    public static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    // Three batches are held at a time, and the client holds as much as one more: one that is gathered and two in hand.
    readonly long _maxBytes = options.HeldBytes / 4;

    List<ConsumeResult<byte[]?, byte[]>> _records = [];
    long _bytes;

    bool IsFull => _records.Count >= options.BatchSize || _bytes >= _maxBytes;

    /// <summary>Where each partition begins, and what became of those whose place is gone.</summary>
    public KafkaOffsets Offsets => offsets;

    public IReadOnlyList<ConsumeResult<byte[]?, byte[]>> Records => _records;

    /// <summary>When the first of them came, in the clock's own ticks. The time that a record carries may be its publisher's.</summary>
    public long Since { get; private set; }

    /// <summary>Of <see cref="KafkaOffsets"/>, when the first of them came.</summary>
    public int Generation { get; private set; }

    /// <summary>The ends that were reached and are not committed yet.</summary>
    public KafkaEnds Ends { get; } = new();

    /// <summary>The batch; the next one begins empty.</summary>
    public List<ConsumeResult<byte[]?, byte[]>> Take()
    {
        var batch = _records;
        _records = new(options.BatchSize);
        _bytes = 0;
        return batch;
    }

    /// <summary>Until the batch is full, its first record has lingered, or a poll brought nothing.</summary>
    public void Gather(IConsumer<byte[]?, byte[]> consumer, CancellationToken stopping)
    {
        var started = clock.GetTimestamp();
        while (!IsFull && !stopping.IsCancellationRequested)
        {
            var first = _records.Count == 0;
            var left = first ? Poll : options.Linger - clock.GetElapsedTime(started);
            var record = Add(consumer, left > TimeSpan.Zero ? left : TimeSpan.Zero);
            if (first)
            {
                started = clock.GetTimestamp();
            }
            if (record is null && (first || left <= TimeSpan.Zero))
            {
                return;
            }
        }
    }

    /// <summary>What came while the batches before were waited for goes along: it does not wait for them a second time.</summary>
    public void TopUp(IConsumer<byte[]?, byte[]> consumer)
    {
        while (!IsFull && Add(consumer, TimeSpan.Zero) is not null) { }
    }

    /// <summary>Drops the records of partitions that others own now.</summary>
    public void Forget(HashSet<TopicPartition> gone)
    {
        DropAll(gone);
        offsets.Forget(gone);
    }

    /// <summary>Nothing that was gathered counts; all partitions begin where they are to. Nothing may be in hand.</summary>
    public void BeginAnew(IConsumer<byte[]?, byte[]> consumer)
    {
        DropAll([.. consumer.Assignment]);
        offsets.BeginAnew(consumer);
    }

    void DropAll(HashSet<TopicPartition> partitions)
    {
        Drop(record => partitions.Contains(record.TopicPartition));
        Ends.Forget(partitions);
        foreach (var partition in partitions)
        {
            unreadable.Passed(partition);
        }
    }

    void Drop(Predicate<ConsumeResult<byte[]?, byte[]>> which)
    {
        if (_records.Count > 0 && _records.RemoveAll(which) > 0)
        {
            _bytes = _records.Sum(SizeOf);
        }
    }

    /// <summary>Polls once, which is when partitions are assigned and taken away.</summary>
    /// <returns>What came, now the last of the batch.</returns>
    public ConsumeResult<byte[]?, byte[]>? Add(IConsumer<byte[]?, byte[]> consumer, TimeSpan wait)
    {
        try
        {
            if (consumer.Consume(wait) is not { } record)
            {
                return null;
            }
            if (record.IsPartitionEOF)
            {
                if (offsets.IsProven(record.TopicPartition))
                {
                    Ends.Reach(record.TopicPartitionOffset, offsets.Generation);
                }
                return null;
            }
            if (!offsets.Takes(consumer, record))
            {
                Drop(gathered => gathered.TopicPartition == record.TopicPartition);
                return null;
            }
            Ends.Pass(record.TopicPartition);
            unreadable.Passed(record.TopicPartition);
            RecordMemory.CutHeaders(record.Message, IsRead);
            if (_records.Count == 0)
            {
                Generation = offsets.Generation;
                Since = clock.GetTimestamp();
            }
            _records.Add(record);
            _bytes += SizeOf(record);
            outage.Came();
            return record;
        }
        catch (ConsumeException lost) when (lost.Error.Code == ErrorCode.Local_AutoOffsetReset)
        {
            offsets.Lost(consumer, lost.ConsumerRecord.TopicPartition);
            return null;
        }
        catch (ConsumeException broken) when (UnreadableRecords.Is(broken.Error.Code))
        {
            unreadable.Stands(broken.ConsumerRecord.TopicPartitionOffset, broken.Error.Code);
            return null;
        }
        // A ConsumeException, or what the client throws while partitions are handed over.
        catch (KafkaException trouble) when (!trouble.Error.IsFatal)
        {
            // The topic is not there yet, or its leader or the group's coordinator moves: the client goes on by itself.
            outage.OnPollFailed(trouble.Error);
            return null;
        }
    }

    // A command needs none of its headers; these are read where they are there.
    static bool IsRead(string header) => header is "traceparent" or "tracestate" or LetterHeaders.Replays;

    static long SizeOf(ConsumeResult<byte[]?, byte[]> record) =>
        RecordMemory.Of(record.Message.Key, record.Message.Value, record.Message.Headers);
}
