using System.Diagnostics.Metrics;

namespace Betting.CacheWarmer;

/// <summary>Meter <c>Betting.CacheWarmer</c>.</summary>
sealed class CacheWarmerMetrics
{
    public const string MeterName = "Betting.CacheWarmer";

    readonly Counter<long> _changes;
    readonly Counter<long> _rebuilds;
    readonly Counter<long> _fills;
    readonly Histogram<double> _fillDuration;
    readonly Histogram<double> _lag;

    public CacheWarmerMetrics(IMeterFactory meters, Outage.Breaker breaker)
    {
        var meter = meters.Create(MeterName);
        _changes = meter.CreateCounter<long>(
            "cachewarmer.changes",
            "{change}",
            "Changes read, by what they meant: counted, repeated, covered, undecodable."
        );
        _rebuilds = meter.CreateCounter<long>(
            "cachewarmer.rebuilds",
            "{rebuild}",
            "Counters built anew from PostgreSQL, or found built by another replica."
        );
        _fills = meter.CreateCounter<long>("cachewarmer.fills", "{fill}", "Lists filled, by key and outcome: written, outdated, failed.");
        _fillDuration = meter.CreateHistogram("cachewarmer.fill.duration", "s", "From the query to the key in Redis.", advice: Seconds);
        _lag = meter.CreateHistogram(
            "cachewarmer.lag",
            "s",
            "From the commit in PostgreSQL to its effect in Redis, the last change of each batch.",
            advice: Seconds
        );
        meter.CreateObservableGauge(
            "cachewarmer.breaker.open",
            () => breaker.IsOpen ? 1 : 0,
            "1",
            "1 while Redis is away and the stream pauses."
        );
    }

    static InstrumentAdvice<double> Seconds =>
        new() { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300] };

    public void Changes(string meaning, long count)
    {
        if (count > 0)
        {
            _changes.Add(count, new KeyValuePair<string, object?>("meaning", meaning));
        }
    }

    public void Rebuilt() => _rebuilds.Add(1);

    public void Lag(TimeSpan lag) => _lag.Record(Math.Max(0, lag.TotalSeconds));

    public void Fill(string key, string outcome, TimeSpan duration)
    {
        _fills.Add(1, new("key", key), new("outcome", outcome));
        _fillDuration.Record(duration.TotalSeconds, new KeyValuePair<string, object?>("key", key));
    }
}
