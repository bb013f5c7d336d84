using Betting.Brokers;
using Betting.Connections;
using Betting.Contracts;
using Betting.Hosting;
using Betting.Ingest.Receive.Kafka;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Betting.Ingest;

/// <summary>
/// Consumes the topic <c>bet-commands</c> on a thread of its own: one batch is gathered while the one before it is applied.
/// An offset is stored, to be committed by the client, only after its batch is in PostgreSQL.
/// </summary>
public sealed class KafkaDoor(
    BatchHandler handler,
    IOptions<KafkaOptions> kafka,
    IOptions<IngestOptions> options,
    KafkaOutage outage,
    PostgresSource postgres,
    IngestMetrics metrics,
    Readiness readiness,
    WorkerMetrics worker,
    Heartbeats heartbeats,
    TimeProvider clock,
    ILogger<KafkaDoor> log
) : IWorkerLoop
{
    public const string Door = "kafka";

    /// <summary>Readiness: the group has given this replica its partitions, perhaps none.</summary>
    public const string Assignment = "assignment";

    // A batch that takes longer than this is held up; the partitions are paused so that polling, which keeps the group
    // membership, brings no more records.
    static readonly TimeSpan HeldUp = TimeSpan.FromSeconds(2);

    // One that is decided and saved, and one that is decoded and takes its ids meanwhile.
    const int MostInHand = 2;

    // librdkafka's own choice.
    const int DefaultSessionMs = 45_000;

    // A look-up of what is committed, while partitions are given to this replica or an offset is lost.
    static readonly TimeSpan LookUp = TimeSpan.FromSeconds(30);

    // The group goes on without a member that holds up a rebalance for longer than its session.
    readonly TimeSpan _giveUpWithin = TimeSpan.FromMilliseconds(
        (kafka.Value.Consumer(CommandTopicSettings.Apply).SessionTimeoutMs ?? DefaultSessionMs) / 3
    );
    readonly KafkaGathering _gathered = new(
        new KafkaOffsets(
            options.Value.LostOffset,
            new KafkaStarts(
                new GroupWithoutOffsets(postgres, metrics, clock, log),
                new KafkaPlaces(new PlaceTable(postgres, clock), clock),
                metrics,
                log
            ),
            new OffsetReport(readiness, metrics, clock, log),
            metrics,
            log
        ),
        new UnreadableRecords(readiness, clock, log),
        outage,
        options.Value,
        clock
    );
    readonly KafkaWatch _watch = new(outage, metrics, clock);
    readonly Queue<KafkaBatch> _inHand = new();
    bool _resume;

    public string Name => Door;

    /// <summary>The limits that the consumer's timeouts have to fit.</summary>
    internal static GroupLimits Limits(TimeSpan drainLimit) => new(MostInHand * HeldUp, null, MostInHand * HeldUp + LookUp, drainLimit);

    public Task RunAsync(CancellationToken stopping)
    {
        readiness.Require(Name);
        readiness.Require(Assignment);
        // Consume blocks its thread, so it gets one for itself.
        return Task.Factory.StartNew(() => Run(stopping), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    void Run(CancellationToken stopping)
    {
        using var consumer = Build(stopping);
        consumer.Subscribe(Topics.Commands);
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                heartbeats.Beat(Name);
                LookAround(consumer);
                if (_gathered.Offsets.IsStale || _gathered.Offsets.IsBehind)
                {
                    Finish(consumer, 0);
                    if (_gathered.Offsets.IsBehind)
                    {
                        Abandon();
                    }
                    _gathered.BeginAnew(consumer);
                }
                Resume(consumer);
                _gathered.Gather(consumer, stopping);
                if (_gathered.Records.Count == 0 && _inHand.Count == 0)
                {
                    _gathered.Ends.Store(consumer, _gathered.Offsets);
                }
                if (_gathered.Records.Count > 0)
                {
                    Finish(consumer, MostInHand - 1);
                    _gathered.TopUp(consumer);
                }
                // None where their partitions were taken away meanwhile.
                if (_gathered.Records.Count > 0)
                {
                    _inHand.Enqueue(
                        KafkaBatch.Start(
                            _gathered.Take(),
                            _gathered.Generation,
                            _gathered.Since,
                            _gathered.Offsets.Server,
                            handler,
                            stopping
                        )
                    );
                }
                Finish(consumer, _inHand.Count(batch => !batch.Handling.IsCompleted));
            }
            Finish(consumer, 0);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested) { }
        finally
        {
            _watch.Close();
            _gathered.Offsets.Close();
            Leave(consumer);
        }
    }

    // Commits what was stored and leaves the group, so that others take over at once.
    void Leave(IConsumer<byte[]?, byte[]> consumer)
    {
        try
        {
            consumer.Close();
        }
        catch (KafkaException refused)
        {
            // The offsets were not taken; the next owner applies these records again, as duplicates.
            Report(refused.Error);
        }
    }

    IConsumer<byte[]?, byte[]> Build(CancellationToken stopping) =>
        new ConsumerBuilder<byte[]?, byte[]>(kafka.Value.Consumer(CommandTopicSettings.Apply))
            .SetPartitionsAssignedHandler(
                (consumer, partitions) =>
                {
                    // One that was paused when it went away is still paused when it comes back.
                    _resume = true;
                    var starts = _gathered.Offsets.Begin(consumer, partitions);
                    IngestLog.PartitionsAssigned(
                        log,
                        string.Join(", ", starts.Select(start => $"{start.Partition.Value}@{start.Offset.Value}"))
                    );
                    outage.Joined();
                    readiness.Set(Assignment, ready: true);
                    worker.Rebalanced("assigned", partitions.Count);
                    return starts;
                }
            )
            .SetPartitionsRevokedHandler((consumer, offsets) => GiveUp(consumer, offsets, stopping))
            .SetPartitionsLostHandler((_, offsets) => Lose(offsets))
            .SetErrorHandler((_, error) => outage.OnError(error))
            .SetLogHandler((_, _) => { })
            .Build();

    void LookAround(IConsumer<byte[]?, byte[]> consumer)
    {
        if (_watch.Poll(consumer, _gathered, _inHand))
        {
            _gathered.Offsets.Retry(consumer);
        }
    }

    void Resume(IConsumer<byte[]?, byte[]> consumer)
    {
        if (_resume)
        {
            _resume = false;
            consumer.Resume(_gathered.Offsets.Resumable(consumer));
        }
    }

    // Waits for the oldest batches in hand and stores their offsets, until only so many are left, or what they depend on may be gone.
    void Finish(IConsumer<byte[]?, byte[]> consumer, int left)
    {
        while (_inHand.Count > left && !_gathered.Offsets.IsBehind)
        {
            var batch = _inHand.Peek();
            if (!batch.EndsWithin(HeldUp))
            {
                WaitPaused(consumer, batch);
            }
            if (!IsInHand(batch) || !batch.Handling.IsCompleted)
            {
                // Abandoned while it was waited for, or to be abandoned.
                continue;
            }
            _inHand.Dequeue();
            batch.ThrowIfFailed();
            batch.StoreOffsets(consumer, _gathered.Offsets);
        }
    }

    void WaitPaused(IConsumer<byte[]?, byte[]> consumer, KafkaBatch batch)
    {
        consumer.Pause(consumer.Assignment);
        while (IsInHand(batch) && !_gathered.Offsets.IsBehind && !batch.EndsWithin(KafkaGathering.Poll))
        {
            heartbeats.Beat(Name);
            LookAround(consumer);
            if (_gathered.Add(consumer, KafkaGathering.Poll) is { } record)
            {
                // Of a partition that came after the pause.
                consumer.Pause([record.TopicPartition]);
            }
        }
        consumer.Resume(_gathered.Offsets.Resumable(consumer));
    }

    bool IsInHand(KafkaBatch batch) => _inHand.TryPeek(out var first) && ReferenceEquals(first, batch);

    // Called while polling, on this same thread. What is in hand is waited for, so that the next owner starts behind it; what does
    // not end in time is abandoned, so that it holds up nothing that this replica gets next.
    void GiveUp(IConsumer<byte[]?, byte[]> consumer, List<TopicPartitionOffset> offsets, CancellationToken stopping)
    {
        var asked = clock.GetTimestamp();
        foreach (var batch in _inHand)
        {
            var left = _giveUpWithin - clock.GetElapsedTime(asked);
            if (stopping.IsCancellationRequested || left <= TimeSpan.Zero || !batch.EndsWithin(left < HeldUp ? left : HeldUp))
            {
                break;
            }
            batch.ThrowIfFailed();
            Commit(consumer, batch);
        }
        var rest = _giveUpWithin - clock.GetElapsedTime(asked);
        _gathered.Offsets.GiveUp(rest < HeldUp ? rest : HeldUp);
        // A worker that stops finishes what it has begun; the end of the process is its limit.
        var abandoned = stopping.IsCancellationRequested ? 0 : Abandon();
        IngestLog.PartitionsRevoked(log, Forget(offsets, "revoked"), abandoned);
    }

    // The group went on without this replica: nothing can be committed, and the next owner applies what was not committed as duplicates.
    void Lose(List<TopicPartitionOffset> offsets)
    {
        Abandon();
        IngestLog.PartitionsLost(log, Forget(offsets, "lost"));
    }

    // The group takes all partitions at once (CommandTopicSettings), so no batch in hand has one that stays.
    int Abandon()
    {
        foreach (var failed in _inHand.Where(batch => batch.Handling.IsFaulted))
        {
            failed.ThrowIfFailed();
        }
        var abandoned = _inHand.Where(batch => !batch.Handling.IsCompleted).Sum(batch => batch.Count);
        if (abandoned > 0)
        {
            handler.Abandon();
        }
        _inHand.Clear();
        return abandoned;
    }

    // At once and not with the next interval: the next owner asks for it now.
    void Commit(IConsumer<byte[]?, byte[]> consumer, KafkaBatch applied)
    {
        applied.StoreOffsets(consumer, _gathered.Offsets);
        try
        {
            consumer.Commit(applied.Next);
        }
        catch (KafkaException refused)
        {
            // The group went on without this replica; the records come again, as duplicates.
            Report(refused.Error);
        }
    }

    void Report(Error refused)
    {
        if (!outage.HasFailed(refused))
        {
            IngestLog.KafkaTrouble(log, refused.Code.ToString(), refused.Reason);
        }
    }

    // Returns the partitions as text.
    string Forget(List<TopicPartitionOffset> offsets, string kind)
    {
        var gone = offsets.Select(offset => offset.TopicPartition).ToHashSet();
        _gathered.Forget(gone);
        readiness.Set(Assignment, ready: false, "the group gives out its partitions anew");
        worker.Rebalanced(kind, 0);
        return string.Join(", ", gone.Select(partition => partition.Partition.Value));
    }
}
