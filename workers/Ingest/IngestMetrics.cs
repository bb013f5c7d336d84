using System.Diagnostics.Metrics;
using Betting.Contracts.Commands;
using Betting.Ingest.Decide;

namespace Betting.Ingest;

/// <summary>What Ingest counts and measures; meter <c>Betting.Ingest</c>.</summary>
public sealed class IngestMetrics : IDisposable
{
    public const string Take = "take", Load = "load", Decide = "decide", Save = "save", Commit = "commit";

    static readonly HashSet<string> Known = [Refusal.Document, .. CommandContract.Fields.Select(field => field.Name)];

    readonly Meter _meter = new("Betting.Ingest");
    readonly TimeProvider _clock;
    readonly Counter<long> _commands, _deadLetters, _retries;
    readonly Histogram<long> _batchSize;
    readonly Histogram<double> _stages, _lag;
    long _parked;
    double _parkedAge;

    public IngestMetrics(TimeProvider clock)
    {
        _clock = clock;
        _commands = _meter.CreateCounter<long>("ingest.commands", "{command}", "Outcomes of commands, by door, kind, outcome and reason");
        _deadLetters = _meter.CreateCounter<long>("ingest.dead_letters", "{message}", "Messages that are no command, by door and field");
        _retries = _meter.CreateCounter<long>("ingest.retries", "{attempt}", "Batches tried again, by SQLSTATE");
        _batchSize = _meter.CreateHistogram("ingest.batch.size", "{command}", "Commands in one transaction",
            advice: new InstrumentAdvice<long> { HistogramBucketBoundaries = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000] });
        _stages = _meter.CreateHistogram("ingest.stage.duration", "s", "Duration of take, load, decide, save and commit", advice: Seconds);
        _lag = _meter.CreateHistogram("ingest.commit.lag", "s", "From issuedAt to the commit, by door", advice: Seconds);
        _meter.CreateObservableGauge("ingest.parked", () => Interlocked.Read(ref _parked), "{command}", "Commands that wait for a user, event or bet");
        _meter.CreateObservableGauge("ingest.parked.age", () => Volatile.Read(ref _parkedAge), "s", "How long the oldest parked command waits");
    }

    static InstrumentAdvice<double> Seconds => new()
    {
        HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
    };

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
        for (var i = 0; i < outcomes.Length; i++)
        {
            Count(door, commands[i], outcomes[i]);
            _lag.Record(Math.Max(0, (now - commands[i].IssuedAt).TotalSeconds), new KeyValuePair<string, object?>("door", door));
        }
    }

    /// <summary>Parked commands that have their final outcome; their door is <c>parked</c>.</summary>
    public void Released(IEnumerable<(BetCommand Command, Outcome Outcome)> released)
    {
        foreach (var (command, outcome) in released)
        {
            Count("parked", command, outcome);
        }
    }

    /// <summary>A field that the contract has not got is <c>unknown</c>: its name is the sender's, and there is no end of those.</summary>
    public void DeadLetter(string door, string field) => _deadLetters.Add(1, new("door", door), new("field", Known.Contains(field) ? field : "unknown"));

    public void Retry(string door, string code) => _retries.Add(1, new("door", door), new("sqlstate", code));

    public void Parked(long count, TimeSpan oldest)
    {
        Interlocked.Exchange(ref _parked, count);
        Volatile.Write(ref _parkedAge, oldest.TotalSeconds);
    }

    public void Dispose() => _meter.Dispose();

    void Count(string door, BetCommand command, Outcome outcome) => _commands.Add(1,
        new("door", door), new("kind", CommandContract.TextOf(command.Kind)), new("outcome", OutcomeText.Of(outcome.Kind)), new("reason", outcome.Reason ?? ""));
}
