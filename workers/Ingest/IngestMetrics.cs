using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Hosting;
using Betting.Ingest.Decide;
using Betting.Ingest.Failures;

namespace Betting.Ingest;

/// <summary>
/// What Ingest counts and measures; meter <c>Betting.Ingest</c>. What a store told is there only while a late look is there: alerts compare
/// the replicas, and one that is cut off from the store does not know.
/// </summary>
public sealed class IngestMetrics : IDisposable
{
    public const string Take = "take",
        Load = "load",
        Decide = "decide",
        Save = "save",
        Commit = "commit";

    // Brokers are looked at once a second. PostgreSQL is once a pass of the parked commands, which may take minutes.
    static readonly TimeSpan BrokerLimit = TimeSpan.FromSeconds(30),
        PostgresLimit = TimeSpan.FromMinutes(3);

    static readonly HashSet<string> Known = [Refusal.Document, .. CommandContract.Fields.Select(field => field.Name)];

    readonly Meter _meter = new("Betting.Ingest");
    readonly TimeProvider _clock;
    readonly Counter<long> _commands,
        _deadLetters,
        _retries,
        _replies,
        _offsetsLost,
        _recordsLost;
    readonly ConcurrentDictionary<string, RecentValue<long>> _depths = new(),
        _lettersWaiting = new();

    // From zero on: an alert that looks for an increase would miss the first letter of a series that begins with it.
    readonly ConcurrentDictionary<string, long> _lettersInTable = new(new Dictionary<string, long> { ["rabbitmq"] = 0, ["kafka"] = 0 });
    readonly ConcurrentDictionary<string, long> _queuesDeleted = new(
        new Dictionary<string, long> { [Topics.Commands] = 0, [Topics.DeadLetter(Topics.Commands)] = 0 }
    );
    readonly ConcurrentDictionary<string, double> _ages = new();
    readonly ConcurrentDictionary<string, RecentValue<double>> _standing = new();
    readonly RecentValue<Dictionary<string, double>> _partitionsStanding;
    readonly RecentValue<(long Waiting, double Age, long Quarantined)> _parked;
    readonly RecentValue<double> _clockAhead,
        _clockDoubted;
    readonly Histogram<long> _batchSize;
    readonly Histogram<double> _stages,
        _lag;
    long _partitionsStopped,
        _clockJumps,
        _groupOffsetsMissing;

    public IngestMetrics(TimeProvider clock)
    {
        _clock = clock;
        _partitionsStanding = new(BrokerLimit, clock);
        _parked = new(PostgresLimit, clock);
        (_clockAhead, _clockDoubted) = (new(PostgresLimit, clock), new(PostgresLimit, clock));
        _commands = _meter.CreateCounter<long>("ingest.commands", "{command}", "Outcomes of commands, by door, kind, outcome and reason");
        _deadLetters = _meter.CreateCounter<long>("ingest.dead_letters", "{message}", "Messages that are no command, by door and field");
        _meter.CreateObservableCounter(
            "ingest.dead_letters.table",
            () => ByDoor(_lettersInTable),
            "{message}",
            "Dead letters that the broker did not take and that are in the table dead_letters, by door"
        );
        _retries = _meter.CreateCounter<long>("ingest.retries", "{attempt}", "Batches tried again, by SQLSTATE and class of the failure");
        _batchSize = _meter.CreateHistogram(
            "ingest.batch.size",
            "{command}",
            "Commands in one transaction",
            advice: new InstrumentAdvice<long> { HistogramBucketBoundaries = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000] }
        );
        _stages = _meter.CreateHistogram(
            "ingest.stage.duration",
            "s",
            "Duration of take, load (which waits for locks), decide, save and commit",
            advice: Seconds
        );
        _lag = _meter.CreateHistogram("ingest.commit.lag", "s", "From issuedAt to the commit, by door", advice: Seconds);
        _replies = _meter.CreateCounter<long>(
            "ingest.replies",
            "{message}",
            "Answers to publishers: sent, nobody-there, not-taken, given-up, unusable, refused"
        );
        _offsetsLost = _meter.CreateCounter<long>(
            "ingest.kafka.offsets_lost",
            "{time}",
            "Times that a partition's offset was no longer in the topic"
        );
        _recordsLost = _meter.CreateCounter<long>(
            "ingest.kafka.records_lost",
            "{record}",
            "Records that the topic had deleted before they were read"
        );
        _meter.CreateObservableCounter(
            "ingest.kafka.group_offsets_missing",
            () => Interlocked.Read(ref _groupOffsetsMissing),
            "{time}",
            "Times that the topic was made anew, or that the group had no offset in it although the journal has commands"
        );
        _meter.CreateObservableGauge(
            "ingest.kafka.partitions.stopped",
            () => Interlocked.Read(ref _partitionsStopped),
            "{partition}",
            "Partitions that wait for an operator because their offset was lost"
        );
        _meter.CreateObservableGauge(
            "ingest.queue.depth",
            () => ByDoor(Recent(_depths)),
            "{message}",
            "Commands with the broker: of RabbitMQ all that are ready in the queue, of Kafka all of the topic that the group has not "
                + "committed"
        );
        _meter.CreateObservableGauge(
            "ingest.in_flight.age",
            () => ByDoor(_ages),
            "s",
            "How old the oldest command is that this replica has read and that has no outcome yet; 0 where there is none"
        );
        _meter.CreateObservableGauge(
            "ingest.queue.standing",
            () => ByDoor(Recent(_standing)),
            "s",
            "How long a Kafka partition or the RabbitMQ queue that has more has not moved; 0 where nothing waits"
        );
        _meter.CreateObservableGauge(
            "ingest.kafka.partition.standing",
            () => By("partition", _partitionsStanding.Known.SelectMany(each => each)),
            "s",
            "How long a Kafka partition that has more records has not moved; only those that have stood for 10 s"
        );
        _meter.CreateObservableGauge(
            "ingest.dead_letters.waiting",
            () => ByDoor(Recent(_lettersWaiting)),
            "{message}",
            "Messages that are ready in the queue of dead letters"
        );
        _meter.CreateObservableCounter(
            "ingest.queues.deleted",
            () => _queuesDeleted.Select(queue => new Measurement<long>(queue.Value, new KeyValuePair<string, object?>("queue", queue.Key))),
            "{queue}",
            "Times that a RabbitMQ queue was found deleted, with the messages that it held"
        );
        _meter.CreateObservableGauge(
            "ingest.parked",
            () => Parked(parked => parked.Waiting),
            "{command}",
            "Commands that wait for a user, event or bet"
        );
        _meter.CreateObservableGauge(
            "ingest.parked.age",
            () => Parked(parked => parked.Age),
            "s",
            "How long the parked command waits that is due first"
        );
        _meter.CreateObservableGauge(
            "ingest.parked.quarantined",
            () => Parked(parked => parked.Quarantined),
            "{command}",
            "Parked commands that cannot be released and wait for an operator"
        );
        _meter.CreateObservableGauge(
            "ingest.clock.ahead",
            () => Of(_clockAhead),
            "s",
            "How far this machine's clock is ahead of PostgreSQL's; negative where it is behind"
        );
        _meter.CreateObservableGauge(
            "ingest.clock.doubted",
            () => Of(_clockDoubted),
            "s",
            "How long PostgreSQL's clock has been doubted because it jumped; 0 while it is trusted"
        );
        _meter.CreateObservableCounter(
            "ingest.clock.jumps",
            () => Interlocked.Read(ref _clockJumps),
            "{jump}",
            "Times that PostgreSQL's clock jumped and was doubted"
        );
    }

    static InstrumentAdvice<double> Seconds =>
        new() { HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300] };

    /// <summary>Records a stage that began at <paramref name="started"/>; returns the moment at which the next begins.</summary>
    public long Took(string stage, long started)
    {
        var now = _clock.GetTimestamp();
        _stages.Record(_clock.GetElapsedTime(started, now).TotalSeconds, new KeyValuePair<string, object?>("stage", stage));
        return now;
    }

    public void Committed(string door, IReadOnlyList<BetCommand> commands, Outcome[] outcomes)
    {
        _batchSize.Record(commands.Count, new KeyValuePair<string, object?>("door", door));
        var now = _clock.GetUtcNow().UtcDateTime;
        foreach (var command in commands)
        {
            _lag.Record(Math.Max(0, (now - command.IssuedAt).TotalSeconds), new KeyValuePair<string, object?>("door", door));
        }
        Count(door, commands.Zip(outcomes));
    }

    /// <summary>Parked commands that have their final outcome; their door is <c>parked</c>.</summary>
    public void Released(IEnumerable<(BetCommand Command, Outcome Outcome)> released) => Count("parked", released);

    /// <summary>Parked commands that were rejected at their deadline; their door is <c>parked</c>.</summary>
    public void Rejected(IEnumerable<(string Kind, string Reason, long Count)> rejected)
    {
        foreach (var (kind, reason, count) in rejected)
        {
            _commands.Add(
                count,
                new("door", "parked"),
                new("kind", kind),
                new("outcome", OutcomeText.Of(OutcomeKind.Rejected)),
                new("reason", reason)
            );
        }
    }

    /// <summary>A field that the contract has not got is <c>unknown</c>: its name is the sender's, and there is no end of those.</summary>
    public void DeadLetter(string door, string field) =>
        _deadLetters.Add(1, new("door", door), new("field", Known.Contains(field) ? field : "unknown"));

    /// <summary>Letters that went to the table.</summary>
    public void DeadLettersInTable(string door, int letters) => _lettersInTable.AddOrUpdate(door, letters, (_, before) => before + letters);

    /// <summary>A batch, or a part of what is parked, is tried again.</summary>
    public void Retry(string door, Exception failure) =>
        _retries.Add(
            1,
            new("door", door),
            new("sqlstate", Failure.StateOf(failure)),
            new("class", Failure.NameOf(Failure.ClassOf(failure)))
        );

    /// <summary>How an answer to a publisher ended.</summary>
    public void Reply(string result) => _replies.Add(1, new KeyValuePair<string, object?>("result", result));

    public void OffsetLost(long records)
    {
        _offsetsLost.Add(1);
        _recordsLost.Add(records);
    }

    public void GroupOffsetsMissing() => Interlocked.Increment(ref _groupOffsetsMissing);

    public void PartitionsStopped(int count) => Interlocked.Exchange(ref _partitionsStopped, count);

    public void Queue(string door, long depth) => Set(_depths, door, depth);

    /// <summary>How old the oldest command is that this replica has read and that has no outcome yet; zero where there is none.</summary>
    public void InFlight(string door, TimeSpan age) => _ages[door] = Math.Max(0, age.TotalSeconds);

    /// <summary>How long the queue has not moved although commands wait in it.</summary>
    public void QueueStands(string door, TimeSpan standing) => Set(_standing, door, standing.TotalSeconds);

    /// <summary>Replaces what was said of partitions before.</summary>
    public void PartitionsStand(IReadOnlyDictionary<int, TimeSpan> standing) =>
        _partitionsStanding.Set(
            new(
                standing.Select(partition =>
                    KeyValuePair.Create(partition.Key.ToString(CultureInfo.InvariantCulture), partition.Value.TotalSeconds)
                )
            )
        );

    public void DeadLettersWaiting(string door, long count) => Set(_lettersWaiting, door, count);

    /// <summary>A queue of RabbitMQ was deleted and is made anew.</summary>
    public void QueueDeleted(string queue) => _queuesDeleted.AddOrUpdate(queue, 1, (_, before) => before + 1);

    public void Parked(long count, TimeSpan oldest, long quarantined) => _parked.Set((count, oldest.TotalSeconds, quarantined));

    /// <summary>How far this machine's clock is ahead of PostgreSQL's.</summary>
    public void ClockAhead(TimeSpan ahead) => _clockAhead.Set(ahead.TotalSeconds);

    /// <summary>How long PostgreSQL's clock has been doubted; zero while it is trusted.</summary>
    public void ClockDoubted(TimeSpan duration) => _clockDoubted.Set(duration.TotalSeconds);

    /// <summary>PostgreSQL's clock jumped and is doubted from now on.</summary>
    public void ClockJumped() => Interlocked.Increment(ref _clockJumps);

    public void Dispose() => _meter.Dispose();

    void Set<T>(ConcurrentDictionary<string, RecentValue<T>> values, string door, T value)
        where T : struct => values.GetOrAdd(door, _ => new RecentValue<T>(BrokerLimit, _clock)).Set(value);

    IEnumerable<Measurement<T>> Parked<T>(Func<(long Waiting, double Age, long Quarantined), T> which)
        where T : struct => _parked.Known.Select(parked => new Measurement<T>(which(parked)));

    static IEnumerable<Measurement<double>> Of(RecentValue<double> value) => value.Known.Select(known => new Measurement<double>(known));

    static IEnumerable<KeyValuePair<string, T>> Recent<T>(IEnumerable<KeyValuePair<string, RecentValue<T>>> values)
        where T : struct => values.SelectMany(each => each.Value.Known, (each, value) => KeyValuePair.Create(each.Key, value));

    static IEnumerable<Measurement<T>> ByDoor<T>(IEnumerable<KeyValuePair<string, T>> values)
        where T : struct => By("door", values);

    static IEnumerable<Measurement<T>> By<T>(string label, IEnumerable<KeyValuePair<string, T>> values)
        where T : struct => values.Select(value => new Measurement<T>(value.Value, new KeyValuePair<string, object?>(label, value.Key)));

    // Once for all that are alike: a batch has hundreds of the same, and each addition looks its labels up.
    void Count(string door, IEnumerable<(BetCommand Command, Outcome Outcome)> decided)
    {
        foreach (var ((kind, outcome, reason), count) in decided.CountBy(one => (one.Command.Kind, one.Outcome.Kind, one.Outcome.Reason)))
        {
            _commands.Add(
                count,
                new("door", door),
                new("kind", CommandContract.TextOf(kind)),
                new("outcome", OutcomeText.Of(outcome)),
                new("reason", reason ?? "")
            );
        }
    }
}
