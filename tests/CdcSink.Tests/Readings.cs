using System.Diagnostics.Metrics;

namespace Betting.Tests.CdcSink;

/// <summary>An in-memory reader of one factory's meters: the latest value of each gauge, the sum of each counter, by its labels.</summary>
sealed class Readings : IDisposable
{
    readonly MeterListener _listener = new();
    readonly Lock _gate = new();
    readonly Dictionary<(string Name, string Labels), double> _values = [];
    readonly HashSet<string> _observed = [];

    public Readings(IMeterFactory factory)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, factory))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>A gauge as it is now, or a counter's sum; null where it has no such series.</summary>
    public double? Of(string name, string labels = "")
    {
        lock (_gate)
        {
            foreach (var gone in _values.Keys.Where(key => key.Name == name && _observed.Contains(name)).ToList())
            {
                _values.Remove(gone);
            }
        }
        _listener.RecordObservableInstruments();
        lock (_gate)
        {
            return _values.TryGetValue((name, labels), out var value) ? value : null;
        }
    }

    /// <summary>A counter's sum over all its labels; 0 where nothing was counted.</summary>
    public double Sum(string name)
    {
        lock (_gate)
        {
            return _values.Where(each => each.Key.Name == name).Sum(each => each.Value);
        }
    }

    public void Dispose() => _listener.Dispose();

    void Note(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new List<string>();
        foreach (var (key, of) in tags)
        {
            labels.Add($"{key}={of}");
        }
        lock (_gate)
        {
            var series = (instrument.Name, string.Join(',', labels));
            if (instrument.IsObservable)
            {
                _observed.Add(instrument.Name);
                _values[series] = value;
            }
            else
            {
                _values[series] = _values.GetValueOrDefault(series) + value;
            }
        }
    }
}
