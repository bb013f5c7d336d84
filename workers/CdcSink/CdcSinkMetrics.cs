using System.Diagnostics.Metrics;
using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Messages;
using Betting.CdcSink.Signs;
using Betting.Debezium;

namespace Betting.CdcSink;

/// <summary>The sink's meter, <c>Betting.CdcSink</c>. Durations are seconds.</summary>
public sealed class CdcSinkMetrics : IDisposable
{
    readonly Meter _meter;
    readonly Counter<long> _records;
    readonly Counter<long> _deadLetters;
    readonly Counter<long> _retries;
    readonly Counter<long> _repeatedSnapshots;
    readonly Counter<long> _lowerEpochs;
    readonly Counter<long> _logWentBack;
    readonly Counter<long> _watermarkBreaks;
    readonly Counter<long> _lostChanges;
    readonly Counter<long> _joinedBets;
    readonly Counter<long> _markedValues;
    readonly Counter<long> _insertedRows;
    readonly Counter<long> _insertedBytes;
    readonly StoresClock _stores;
    readonly Histogram<double> _lag;
    readonly Histogram<double> _stage;
    readonly Histogram<long> _batch;
    readonly Dictionary<(string, RecordKind), KeyValuePair<string, object?>[]> _recordTags = [];

    // Records that are alike come together: they are counted here and told as one.
    (string Topic, RecordKind Kind) _alike = ("", default);
    long _untold;

    long _lettersInTable;
    long _clockJumps;

    public CdcSinkMetrics(IMeterFactory factory, StoresClock stores)
    {
        _stores = stores;
        _meter = factory.Create("Betting.CdcSink");
        _records = _meter.CreateCounter<long>("cdcsink.records", "{record}", "Records read, by topic and what they were.");
        _deadLetters = _meter.CreateCounter<long>(
            "cdcsink.dead_letters",
            "{record}",
            "Records that could not be used, by topic and reason."
        );
        // From zero on: an alert that looks for an increase would miss the first letter of a series that begins with it.
        _meter.CreateObservableCounter(
            "cdcsink.dead_letters.table",
            () => Interlocked.Read(ref _lettersInTable),
            "{record}",
            "Dead letters that Kafka did not take and that are in ClickHouse's table dead_letters."
        );
        _retries = _meter.CreateCounter<long>("cdcsink.retries", "{attempt}", "Repeated attempts, by ClickHouse's error code.");
        _repeatedSnapshots = _meter.CreateCounter<long>(
            "cdcsink.repeated_snapshots",
            "{snapshot}",
            "Snapshots begun in an epoch that has streamed changes or another snapshot, by table."
        );
        _lostChanges = _meter.CreateCounter<long>(
            "cdcsink.lost_changes",
            "{change}",
            "Changes that ClickHouse had acknowledged and does not have any more, by table; one of each batch is looked for."
        );
        _logWentBack = _meter.CreateCounter<long>(
            "cdcsink.log_went_back",
            "{watermark}",
            "New watermarks that stand lower in PostgreSQL's log than the one before them."
        );
        _watermarkBreaks = _meter.CreateCounter<long>(
            "cdcsink.watermark_breaks",
            "{watermark}",
            "New watermarks that do not follow the one before them: kind predecessor, timeline, publication or gap."
        );
        _meter.CreateObservableCounter(
            "cdcsink.clock_jumps",
            () => Interlocked.Read(ref _clockJumps),
            "{jump}",
            "Jumps of PostgreSQL's clock that this replica found: moments that bets_as_of refuses."
        );
        _lowerEpochs = _meter.CreateCounter<long>(
            "cdcsink.lower_epochs",
            "{batch}",
            "Batches with streamed changes of an epoch that were committed after a newer epoch began, by table."
        );
        _joinedBets = _meter.CreateCounter<long>("cdcsink.joined_bets", "{bet}", "Bets joined with their users and events.");
        _markedValues = _meter.CreateCounter<long>(
            "cdcsink.marked_values",
            "{value}",
            "Values that are shown with a mark, by table, column and rule."
        );
        _insertedRows = _meter.CreateCounter<long>(
            "cdcsink.inserted.rows",
            "{row}",
            "Rows of changes inserted, by table; repeated inserts count again."
        );
        _insertedBytes = _meter.CreateCounter<long>("cdcsink.inserted", "By", "Bytes of these rows as they were sent, by table.");
        _batch = _meter.CreateHistogram<long>("cdcsink.batch.records", "{record}", "Records of a batch.");
        _stage = _meter.CreateHistogram(
            "cdcsink.stage.duration",
            "s",
            "Duration of a batch's stages.",
            advice: new InstrumentAdvice<double>
            {
                HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
            }
        );
        _lag = _meter.CreateHistogram(
            "cdcsink.visible.lag",
            "s",
            "From the source's commit until the change is visible in ClickHouse, by topic.",
            advice: new InstrumentAdvice<double>
            {
                HistogramBucketBoundaries = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60, 300, 900, 3600, 86400],
            }
        );
    }

    /// <summary>One record read; told with those like it, at the latest by <see cref="TellRecords"/>. Called from one thread.</summary>
    public void Record(string topic, in DecodedRecord decoded)
    {
        if (decoded.Kind != _alike.Kind || topic != _alike.Topic)
        {
            TellRecords();
            _alike = (topic, decoded.Kind);
        }
        _untold++;
        if (decoded.Kind == RecordKind.Undecodable)
        {
            _deadLetters.Add(1, new("topic", topic), new("reason", decoded.Reason));
        }
        if (decoded.Marks is { } marks)
        {
            foreach (var mark in marks)
            {
                _markedValues.Add(1, new("table", decoded.Table.ToString()), new("column", mark.Name), new("rule", mark.Rule));
            }
        }
    }

    /// <summary>Tells what was read so far. Called from the same thread.</summary>
    public void TellRecords()
    {
        if (_untold > 0)
        {
            if (!_recordTags.TryGetValue(_alike, out var tags))
            {
                _recordTags[_alike] = tags = [new("topic", _alike.Topic), new("kind", _alike.Kind.ToString())];
            }
            _records.Add(_untold, tags);
            _untold = 0;
        }
    }

    /// <summary>A record that ClickHouse would not take.</summary>
    /// <summary>Letters that went to the table.</summary>
    public void DeadLettersInTable(int letters) => Interlocked.Add(ref _lettersInTable, letters);

    public void Refused(string topic, string reason) => _deadLetters.Add(1, new("topic", topic), new("reason", reason));

    /// <summary>The changes of a batch were inserted.</summary>
    public void Inserted(ChangeRows changes)
    {
        foreach (var (table, rows) in changes.Tables)
        {
            if (rows.Rows > 0)
            {
                var tag = new KeyValuePair<string, object?>("table", table);
                _insertedRows.Add(rows.Rows, tag);
                _insertedBytes.Add(rows.Length, tag);
            }
        }
    }

    public void Retry(string code) => _retries.Add(1, new KeyValuePair<string, object?>("code", code));

    public void LostChange(string table) => _lostChanges.Add(1, new KeyValuePair<string, object?>("table", table));

    public void ClockJumps(int jumps) => Interlocked.Add(ref _clockJumps, jumps);

    public void LogWentBack() => _logWentBack.Add(1);

    public void WatermarkBreak(ChainBreakKind kind) =>
        _watermarkBreaks.Add(
            1,
            new KeyValuePair<string, object?>(
                "kind",
                kind switch
                {
                    ChainBreakKind.Predecessor => "predecessor",
                    ChainBreakKind.Timeline => "timeline",
                    ChainBreakKind.Publication => "publication",
                    ChainBreakKind.Incomplete => "incomplete",
                    _ => "gap",
                }
            )
        );

    /// <summary>PostgreSQL was restarted behind a backlog.</summary>
    public void RestartBehindBacklog() => _watermarkBreaks.Add(1, new KeyValuePair<string, object?>("kind", "restart"));

    public void LowerEpoch(string table) => _lowerEpochs.Add(1, new KeyValuePair<string, object?>("table", table));

    public void RepeatedSnapshot(string table) => _repeatedSnapshots.Add(1, new KeyValuePair<string, object?>("table", table));

    public void Joined(int bets) => _joinedBets.Add(bets);

    public void Batch(int records) => _batch.Record(records);

    public void Stage(string stage, TimeSpan duration) =>
        _stage.Record(duration.TotalSeconds, new KeyValuePair<string, object?>("stage", stage));

    /// <summary>
    /// Changes are visible now; <paramref name="commits"/> are when the source committed them, by topic, microseconds since 1970 UTC.
    /// </summary>
    public void Visible(IEnumerable<(string Topic, List<long> Times)> commits)
    {
        var now = _stores.NowMicros;
        foreach (var (topic, times) in commits)
        {
            var tag = new KeyValuePair<string, object?>("topic", topic);
            foreach (var committed in times)
            {
                _lag.Record(Math.Max(0, (now - committed) / 1e6), tag);
            }
        }
    }

    public void Dispose() => _meter.Dispose();
}
