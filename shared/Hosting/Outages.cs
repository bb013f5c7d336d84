using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace Betting.Hosting;

/// <summary>
/// Which stores do not serve this worker. An outage is told when it begins, at most once a minute while it lasts, and when it is over;
/// readiness and the metric <c>worker.store.away</c> say the same at any moment. Several loops may use one store: it is back when none of
/// those that failed lately fails any more.
/// </summary>
public sealed class Outages : IDisposable
{
    static readonly TimeSpan SayAgainAfter = TimeSpan.FromMinutes(1);

    // After so long in service another outage is news; so is one that began soon after another was told to be over and lasts.
    static readonly TimeSpan NewsAfter = TimeSpan.FromSeconds(10),
        LastsAfter = TimeSpan.FromSeconds(5);

    readonly StoreFailures _failures;
    readonly Readiness _readiness;
    readonly TimeProvider _clock;
    readonly ILogger<Outages> _log;
    readonly Lock _gate = new();
    readonly Dictionary<string, Outage> _outages = [];
    readonly Meter _meter;

    public Outages(StoreFailures failures, Readiness readiness, IMeterFactory meters, TimeProvider clock, ILogger<Outages> log)
    {
        (_failures, _readiness, _clock, _log) = (failures, readiness, clock, log);
        _meter = meters.Create("Betting.Hosting.Stores");
        _meter.CreateObservableGauge(
            "worker.store.away",
            Ages,
            "s",
            "How long a store has not served this worker, by store; 0 while it does"
        );
    }

    /// <summary>A loop's step failed because of a store.</summary>
    /// <returns>False where the failure is no store's.</returns>
    public bool Failed(string loop, Exception failure)
    {
        if (_failures.Recognise(failure) is not var (store, detail))
        {
            return false;
        }
        Failed(store.Name, loop, detail);
        WorkerLog.StepFailed(_log, loop, failure);
        return true;
    }

    /// <summary>The same, where the client tells what is wrong without an exception.</summary>
    public void Failed(string store, string loop, string detail)
    {
        lock (_gate)
        {
            var now = _clock.GetTimestamp();
            if (!_outages.TryGetValue(store, out var outage))
            {
                _outages[store] = outage = new Outage();
            }
            var isNews =
                outage.Said is null
                || _clock.GetElapsedTime(outage.Said.Value, now) >= SayAgainAfter
                || (outage.Since is null && _clock.GetElapsedTime(outage.Over, now) >= NewsAfter)
                || (outage.Since is { } since && !outage.IsTold && _clock.GetElapsedTime(since, now) >= LastsAfter);
            outage.Since ??= now;
            outage.Loops[loop] = now;
            _readiness.Set(ConditionOf(store), false, detail);
            if (isNews)
            {
                (outage.Said, outage.IsTold) = (now, true);
                WorkerLog.StoreAway(_log, _failures.AddressOf(store), detail, _clock.GetElapsedTime(outage.Since.Value, now).TotalSeconds);
            }
        }
    }

    /// <summary>The worker is not ready before the store was <see cref="Reached"/>, or a step that uses it succeeded.</summary>
    public void Require(string store) => _readiness.Require(ConditionOf(store));

    /// <summary>The store has answered; of an outage that has begun this says nothing.</summary>
    public void Reached(string store)
    {
        lock (_gate)
        {
            if (!_outages.ContainsKey(store))
            {
                _readiness.Set(ConditionOf(store), true);
            }
        }
    }

    /// <summary>A loop's step that uses the store succeeded.</summary>
    public void Succeeded(string store, string loop)
    {
        lock (_gate)
        {
            if (_outages.TryGetValue(store, out var outage) && outage.Since is { } since)
            {
                outage.Loops.Remove(loop);
                // A loop that seldom works is not waited for.
                if (outage.Loops.Values.Any(failed => _clock.GetElapsedTime(failed) < SayAgainAfter))
                {
                    return;
                }
                outage.Loops.Clear();
                outage.Since = null;
                outage.Over = _clock.GetTimestamp();
                if (outage.IsTold)
                {
                    outage.IsTold = false;
                    WorkerLog.StoreBack(_log, _failures.AddressOf(store), _clock.GetElapsedTime(since).TotalSeconds);
                }
            }
            _readiness.Set(ConditionOf(store), true);
        }
    }

    /// <summary>
    /// A loop's step that failed was given up: it says nothing of the store any more, and the outage's end does not wait for it.
    /// </summary>
    public void Forget(string store, string loop)
    {
        lock (_gate)
        {
            if (_outages.TryGetValue(store, out var outage))
            {
                outage.Loops.Remove(loop);
            }
        }
    }

    /// <summary>True while the store does not serve this worker.</summary>
    public bool IsAway(string store)
    {
        lock (_gate)
        {
            return _outages.TryGetValue(store, out var outage) && outage.Since is not null;
        }
    }

    public void Dispose() => _meter.Dispose();

    static string ConditionOf(string store) =>
        store.ToLowerInvariant() switch
        {
            "postgresql" => "postgres",
            "kafka connect" => "connect",
            var name => name,
        };

    List<Measurement<double>> Ages()
    {
        lock (_gate)
        {
            return
            [
                .. _failures.Names.Select(store => new Measurement<double>(
                    _outages.TryGetValue(store, out var outage) && outage.Since is { } since
                        ? _clock.GetElapsedTime(since).TotalSeconds
                        : 0,
                    new KeyValuePair<string, object?>("store", store)
                )),
            ];
        }
    }

    // Timestamps. Said outlives the outage, so that a store that comes and goes is told once a minute as well.
    sealed class Outage
    {
        public long? Since { get; set; }
        public long? Said { get; set; }
        public long Over { get; set; }
        public bool IsTold { get; set; }
        public Dictionary<string, long> Loops { get; } = [];
    }
}
