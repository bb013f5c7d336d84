using System.Diagnostics.Metrics;
using Betting.Reconciler.Runs;

namespace Betting.Reconciler;

/// <summary>Meter <c>Betting.Reconciler</c>.</summary>
sealed class ReconcilerMetrics
{
    public const string MeterName = "Betting.Reconciler";

    readonly Counter<long> _runs;
    readonly Histogram<double> _duration;
    readonly TimeProvider _clock;
    readonly Lock _gate = new();
    RunReport? _last;
    DateTimeOffset? _lastCompared;

    public ReconcilerMetrics(IMeterFactory meters, TimeProvider clock)
    {
        _clock = clock;
        var meter = meters.Create(MeterName);
        _runs = meter.CreateCounter<long>("reconciler.runs", "{run}", "Runs by outcome: equal, drift, could-not-compare.");
        _duration = meter.CreateHistogram<double>("reconciler.run.duration", "s", "How long runs take that could compare.");
        meter.CreateObservableGauge(
            "reconciler.difference",
            Differences,
            "{row}",
            "Differing bets, users and events of the last run that could compare, by part."
        );
        meter.CreateObservableGauge(
            "reconciler.difference.amount",
            Amounts,
            "{unit}",
            "Difference in stakes of that run, in the currency's unit."
        );
        meter.CreateObservableGauge(
            "reconciler.last_success.age",
            Ages,
            "s",
            "Since the end of the last run that could compare, by whichever replica."
        );
    }

    public void Ended(RunReport report)
    {
        _runs.Add(
            1,
            new KeyValuePair<string, object?>(
                "outcome",
                report.Outcome switch
                {
                    RunOutcome.Equal => "equal",
                    RunOutcome.Drift => "drift",
                    _ => "could-not-compare",
                }
            )
        );
        if (report.Outcome == RunOutcome.CouldNotCompare)
        {
            return;
        }
        _duration.Record(report.Duration.TotalSeconds);
        lock (_gate)
        {
            _last = report;
        }
        NoteCompared(_clock.GetUtcNow());
    }

    /// <summary>A run of this or another replica, now or before this process began, ended at <paramref name="at"/>.</summary>
    public void NoteCompared(DateTimeOffset at)
    {
        lock (_gate)
        {
            _lastCompared = _lastCompared > at ? _lastCompared : at;
        }
    }

    IEnumerable<Measurement<long>> Differences()
    {
        lock (_gate)
        {
            return _last is null
                ? []
                :
                [
                    new(_last.Changes!.DifferentBets, new KeyValuePair<string, object?>("part", "changes")),
                    new(_last.View!.DifferentBets, new KeyValuePair<string, object?>("part", "view")),
                    .. _last.Tables.Select(table => new Measurement<long>(
                        table.DifferentRows,
                        new KeyValuePair<string, object?>("part", table.Table)
                    )),
                ];
        }
    }

    IEnumerable<Measurement<double>> Amounts()
    {
        lock (_gate)
        {
            return _last is null ? [] : [new((double)_last.AmountDifference)];
        }
    }

    IEnumerable<Measurement<double>> Ages()
    {
        lock (_gate)
        {
            return _lastCompared is { } at ? [new((_clock.GetUtcNow() - at).TotalSeconds)] : [];
        }
    }
}
