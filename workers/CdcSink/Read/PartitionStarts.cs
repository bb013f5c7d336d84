using Betting.Brokers;
using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Commit;
using Betting.CdcSink.KafkaTopics;
using Betting.CdcSink.Messages;
using Betting.CdcSink.Rewind;
using Betting.Connections;
using Betting.Contracts;
using Betting.Hosting;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Betting.CdcSink.Read;

/// <summary>
/// Gathers what is known of partitions, lets <see cref="PartitionStart"/> decide, and makes durable what must not be decided
/// twice before anything is read. Interrupted, it decides the same again.
/// </summary>
/// <remarks>Used on the consumer's thread alone.</remarks>
public sealed class PartitionStarts(
    IOptions<KafkaOptions> kafka,
    CdcSinkOptions options,
    ProgressStore progress,
    RecordedProgress recorded,
    PartitionHolds holds,
    RewindStore orders,
    RewindWatch watch,
    StartMetrics metrics,
    Readiness readiness,
    Outages outages,
    ClickHouseOutage clickHouse,
    TimeProvider clock,
    ILogger<PartitionStarts> log
)
{
    // The name under which outages know it.
    const string Loop = "partition-starts";

    static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10),
        PatienceForBrokers = TimeSpan.FromSeconds(2),
        SayEvery = TimeSpan.FromMinutes(1);

    /// <summary>How long the look-ups at the beginning of partitions may keep the consumer from polling.</summary>
    internal static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    readonly ChangeTopics _topics = new(options.TopicPrefix);
    readonly RecordClock _records = new(kafka.Value, clock);
    readonly StoppedPartitions _stopped = new(readiness, metrics, clock, log);
    readonly HashSet<Guid> _obeyed = [];
    long? _reported,
        _saidOfSome;

    PartitionStartLog News => field ??= new PartitionStartLog(_stopped, options, metrics, log);

    /// <summary>Of these partitions, those that an order to rewind waits for.</summary>
    public IEnumerable<TopicPartition> Ordered(IReadOnlySet<TopicPartition> owned) =>
        watch.Open.Where(order => owned.Contains(order.Partition) && !_obeyed.Contains(order.Id)).Select(order => order.Partition);

    /// <param name="consumer">A member of the group.</param>
    /// <param name="partitions">Partitions with, where the broker refused a position while reading, that position.</param>
    /// <returns>Where to read them from, null for one that is stopped; one that cannot be told yet is not among the answers.</returns>
    public IReadOnlyDictionary<TopicPartition, PartitionPosition?> TryBegin(
        IConsumer<byte[]?, byte[]?> consumer,
        IReadOnlyDictionary<TopicPartition, long?> partitions
    )
    {
        try
        {
            var begun = Begin(consumer, partitions);
            _reported = null;
            clickHouse.Over(Loop);
            outages.Succeeded(Stores.Kafka, StreamConsumer.Loop);
            return begun;
        }
        catch (KafkaException trouble) when (!trouble.Error.IsFatal)
        {
            if (KafkaOutage.DetailOf(trouble.Error.Code) is { } detail)
            {
                outages.Failed(Stores.Kafka, StreamConsumer.Loop, detail);
            }
            else
            {
                SayUnknown(trouble.Error.Code.ToString(), trouble);
            }
        }
        catch (Exception failure) when (ClickHouseErrors.IsRetryable(failure, CancellationToken.None, out var code))
        {
            if (!clickHouse.Report(Loop, failure, CancellationToken.None))
            {
                SayUnknown(code, failure);
            }
        }
        return new Dictionary<TopicPartition, PartitionPosition?>();
    }

    // Asked every second, said once a minute.
    void SayUnknown(string code, Exception failure)
    {
        if (_reported is not { } said || clock.GetElapsedTime(said) >= SayEvery)
        {
            _reported = clock.GetTimestamp();
            CdcSinkLog.StartUnknown(log, code, Refusal.LineOf(failure));
        }
    }

    void SayUnknown(List<TopicPartition> partitions)
    {
        if (partitions.Count == 0)
        {
            _saidOfSome = null;
        }
        else if (_saidOfSome is not { } said || clock.GetElapsedTime(said) >= SayEvery)
        {
            _saidOfSome = clock.GetTimestamp();
            CdcSinkLog.StartUnknownOfSome(log, partitions.Count, StoppedPartitions.Name(partitions[0]));
        }
    }

    /// <summary>These were given away.</summary>
    public void Forget(IEnumerable<TopicPartition> partitions)
    {
        clickHouse.Forget(Loop);
        foreach (var partition in partitions)
        {
            _stopped.Remove(partition);
        }
        _stopped.Report();
    }

    /// <summary>Says what still stands; to be called often.</summary>
    public void Report() => _stopped.Report();

    Dictionary<TopicPartition, PartitionPosition?> Begin(
        IConsumer<byte[]?, byte[]?> consumer,
        IReadOnlyDictionary<TopicPartition, long?> partitions
    )
    {
        var committed = consumer
            .Committed(partitions.Keys, Timeout)
            .ToDictionary(each => each.TopicPartition, each => each.Offset.IsSpecial ? (long?)null : each.Offset.Value);
        // ClickHouse has its limit for itself, however long the brokers took.
        using var reading = new CancellationTokenSource(Timeout, clock);
        var known = Wait(progress.ReadAsync(partitions.Keys.Select(partition => partition.Topic), reading.Token));
        var open = Wait(orders.OpenAsync(options.Group, reading.Token)).Where(order => partitions.ContainsKey(order.Partition)).ToList();
        using var admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        var topics = new TopicBounds(admin, PatienceForBrokers);
        var bounds = Wait(topics.ReadAsync(partitions.Keys));
        var asked = bounds.Where(each => IsAsked(each.Key, committed[each.Key], known, each.Value)).Select(each => each.Key).ToHashSet();
        var times = _records.Of([.. asked.Select(each => new TopicPartitionOffset(each, known[each].RecordOffset))]);
        var begun = bounds
            .Where(each => times.ContainsKey(each.Key) || !asked.Contains(each.Key))
            .Select(each =>
                BeginOne(
                    each.Key,
                    partitions[each.Key],
                    committed[each.Key],
                    known,
                    open.LastOrDefault(order => order.Partition == each.Key),
                    each.Value,
                    times.GetValueOrDefault(each.Key)
                )
            )
            .ToList();
        var siblings = Siblings(topics, begun, known);
        SayUnknown([.. partitions.Keys.Except(begun.Select(each => each.Partition))]);
        using var asking = new CancellationTokenSource(Timeout, clock);
        Wait(
            holds.AskAsync(
                [
                    .. begun.Select(each => (each.Partition, each.Start)),
                    .. siblings.Select(each =>
                        (new TopicPartition(each.Topic, each.Partition), new PartitionStart(StartKind.First, each.NextOffset))
                    ),
                ],
                known,
                asking.Token
            )
        );
        using var writing = new CancellationTokenSource(Timeout, clock);
        Wait(progress.WriteAsync(begun.Where(each => each.IsNews).Select(each => each.Position).Concat(siblings), writing.Token));
        recorded.Begin([
            .. begun
                .Where(each => each.IsNews || known.ContainsKey(each.Partition))
                .Select(each => each.IsNews ? each.Position : known[each.Partition]),
        ]);
        Commit(consumer, open, begun, committed, writing.Token);
        foreach (var each in begun)
        {
            News.Log(each, committed[each.Partition], known.TryGetValue(each.Partition, out var reached) ? reached.NextOffset : null);
        }
        _stopped.Report();
        return begun.ToDictionary(
            each => each.Partition,
            each => each.Start.Kind == StartKind.LostStopped ? null : (PartitionPosition?)each.Position
        );
    }

    Begun BeginOne(
        TopicPartition partition,
        long? refused,
        long? committed,
        Dictionary<TopicPartition, PartitionPosition> known,
        RewindOrder? order,
        (long Low, long High) bounds,
        long? recordMs
    )
    {
        var (low, high) = bounds;
        PartitionPosition? before = known.TryGetValue(partition, out var recorded) ? recorded : null;
        // Heartbeats and messages hold no rows: what is gone of them is no loss.
        var lost = _topics.Tables.Contains(partition.Topic) ? options.LostOffset : LostOffset.Earliest;
        var facts = new PartitionFacts(
            committed,
            before?.NextOffset,
            recordMs is { } there && there != before?.RecordMs,
            low,
            high,
            known.Keys.Any(other => other.Topic == partition.Topic),
            order?.Offset,
            order?.Forward ?? false
        );
        var start =
            refused is { } position && order is null
                ? PartitionStart.OfRefused(position, low, lost)
                : PartitionStart.Of(facts, options.FirstStart, lost);
        var place = new PartitionPosition(partition.Topic, partition.Partition, start.Offset, high, 0, 0);
        if (before is { } last)
        {
            place =
                start.Kind == StartKind.TopicRecreated
                    ? place with
                    {
                        Generation = progress.NewGeneration(last.Generation),
                    }
                    : place with
                    {
                        Version = last.Version,
                        LastChange = last.LastChange,
                        CommittedAt = last.CommittedAt,
                        Generation = last.Generation,
                        RecordOffset = last.RecordOffset,
                        RecordMs = start.Offset == last.NextOffset ? last.RecordMs : 0,
                    };
        }
        return new Begun(partition, start, place, low, high);
    }

    // Where ClickHouse's progress is where to begin, the record before it tells whether the topic is the one that the progress is about.
    static bool IsAsked(
        TopicPartition partition,
        long? committed,
        Dictionary<TopicPartition, PartitionPosition> known,
        (long Low, long High) bounds
    ) =>
        known.TryGetValue(partition, out var last)
        && (committed is null || committed > last.NextOffset)
        && last.RecordMs > 0
        && last.RecordOffset >= bounds.Low
        && last.NextOffset <= bounds.High;

    /// <summary>
    /// At a topic's first start all its partitions become known, so that one without progress was added later. Where they are to begin at
    /// their end and one does not tell it, the topic waits: it is taken out of <paramref name="begun"/>.
    /// </summary>
    List<PartitionPosition> Siblings(TopicBounds topics, List<Begun> begun, Dictionary<TopicPartition, PartitionPosition> known)
    {
        var others = begun
            .Where(each => each.Start.Kind == StartKind.First)
            .Select(each => each.Partition.Topic)
            .Distinct()
            .SelectMany(topics.PartitionsOf)
            .Where(other => !known.ContainsKey(other) && begun.All(each => each.Partition != other))
            .ToList();
        var bounds = Wait(topics.ReadAsync(others));
        if (options.FirstStart == FirstStart.End)
        {
            var waiting = others.Where(other => !bounds.ContainsKey(other)).Select(other => other.Topic).ToHashSet();
            begun.RemoveAll(each => each.Start.Kind == StartKind.First && waiting.Contains(each.Partition.Topic));
            others.RemoveAll(other => waiting.Contains(other.Topic));
        }
        return others.ConvertAll(other =>
        {
            var end = bounds.TryGetValue(other, out var seen) ? seen.High : 0;
            // At 0 even where the topic lost its first records: their owner is to find them gone, not read.
            return new PartitionPosition(other.Topic, other.Partition, options.FirstStart == FirstStart.Beginning ? 0 : end, end, 0, 0);
        });
    }

    /// <summary>The group's offset first, then orders are done with: interrupted between the two, they are obeyed once more.</summary>
    void Commit(
        IConsumer<byte[]?, byte[]?> consumer,
        List<RewindOrder> open,
        List<Begun> begun,
        Dictionary<TopicPartition, long?> committed,
        CancellationToken cancellation
    )
    {
        var decided = begun.Where(each => each.Start.Kind is not (StartKind.Committed or StartKind.LostStopped)).ToList();
        if (decided.Count > 0)
        {
            consumer.Commit(decided.Select(each => new TopicPartitionOffset(each.Partition, each.Start.Offset)));
        }
        foreach (var order in open.Where(order => begun.Any(each => each.Partition == order.Partition)))
        {
            Wait(orders.MarkBegunAsync(order, options.Group, committed[order.Partition] ?? 0, cancellation));
            _obeyed.Add(order.Id);
        }
    }

    // On a thread of the consumer's own, within the limit of the token.
    static T Wait<T>(Task<T> asked) => asked.GetAwaiter().GetResult();

    static void Wait(Task asked) => asked.GetAwaiter().GetResult();
}
