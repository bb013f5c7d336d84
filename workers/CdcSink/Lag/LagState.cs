namespace Betting.CdcSink.Lag;

/// <summary>
/// What is known of the lag, from two looks: where the topics end (Kafka) and what is visible (ClickHouse). Ages count on between
/// looks, so that a store which is away makes them grow and never lets them stand still.
/// </summary>
/// <param name="clock">Counts ages.</param>
/// <param name="asksConnect">True where Kafka Connect is asked too.</param>
public sealed class LagState(TimeProvider clock, bool asksConnect = false)
{
    readonly DateTimeOffset _began = clock.GetUtcNow();
    readonly Lock _gate = new();
    readonly Dictionary<(string Topic, int Partition), StreamEnd> _ends = [];
    readonly Dictionary<(string Topic, int Partition), (long Offset, DateTimeOffset At)> _oldest = [];
    readonly List<TableParts> _parts = [];
    VisibleProgress? _visible;
    int _missing;
    DateTimeOffset? _sourceSeen, _kafkaSeen, _visibleSeen, _connectSeen, _watermarkCame;

    /// <summary>How far every partition is behind.</summary>
    public readonly record struct Backlog(string Topic, int Partition, long Records, double Seconds);

    /// <summary>True once the time of the source's last record is known.</summary>
    public bool KnowsSource
    {
        get
        {
            lock (_gate)
            {
                return _sourceSeen is not null;
            }
        }
    }

    /// <summary>The brokers' answer.</summary>
    public void SawEnds(IReadOnlyCollection<StreamEnd> ends)
    {
        lock (_gate)
        {
            var now = clock.GetUtcNow();
            foreach (var end in ends)
            {
                var key = (end.Topic, end.Partition);
                // What came since the last look came by now, at most one look ago.
                if (_ends.TryGetValue(key, out var before) && end.End > before.End)
                {
                    _sourceSeen = now;
                }
                _ends[key] = end;
            }
            _kafkaSeen = now;
        }
    }

    /// <summary>When the newest record of any topic was written.</summary>
    public void SawSource(DateTimeOffset at)
    {
        lock (_gate)
        {
            _sourceSeen = _sourceSeen > at ? _sourceSeen : at;
        }
    }

    /// <summary>ClickHouse's answer.</summary>
    /// <param name="visible">What is visible.</param>
    /// <param name="sinceWatermark">How long ago the last watermark came through; null where there is none.</param>
    public void SawVisible(VisibleProgress visible, TimeSpan? sinceWatermark)
    {
        lock (_gate)
        {
            _visible = visible;
            _visibleSeen = clock.GetUtcNow();
            _watermarkCame = sinceWatermark is { } since ? _visibleSeen - since : null;
        }
    }

    /// <summary>A newer watermark is visible, and proves this moment; what is held stays held.</summary>
    public void SawVisibleUpTo(DateTimeOffset moment)
    {
        lock (_gate)
        {
            _visible = _visible is null ? null : _visible with { UpTo = moment };
        }
    }

    /// <summary>So many partitions of rows are known to ClickHouse and not there in Kafka.</summary>
    public void SawMissing(int partitions)
    {
        lock (_gate)
        {
            _missing = partitions;
        }
    }

    /// <summary>Requests that hold <c>data_as_of</c>; null before ClickHouse answered.</summary>
    public long? Holds()
    {
        lock (_gate)
        {
            return _visible?.Holds.Count;
        }
    }

    /// <summary>Partitions of rows that Kafka does not have any more; null before both stores answered.</summary>
    public int? Missing()
    {
        lock (_gate)
        {
            return _visible is null || _kafkaSeen is null ? null : _missing;
        }
    }

    /// <summary>Kafka Connect answered.</summary>
    public void SawConnect()
    {
        lock (_gate)
        {
            _connectSeen = clock.GetUtcNow();
        }
    }

    public void SawParts(IEnumerable<TableParts> parts)
    {
        lock (_gate)
        {
            _parts.Clear();
            _parts.AddRange(parts);
        }
    }

    /// <summary>When the record was written that is the oldest not visible, at this offset of its partition.</summary>
    public void SawOldest(string topic, int partition, long offset, DateTimeOffset at)
    {
        lock (_gate)
        {
            _oldest[(topic, partition)] = (offset, at);
        }
    }

    /// <summary>The first record that is not visible of each partition whose age is not known.</summary>
    public IReadOnlyList<(string Topic, int Partition, long Offset)> UnknownAges()
    {
        lock (_gate)
        {
            return [.. _ends.Values.Select(end => (end.Topic, end.Partition, Offset: Next(end)))
                .Where(each => each.Offset < _ends[(each.Topic, each.Partition)].End
                    && !(_oldest.TryGetValue((each.Topic, each.Partition), out var known) && known.Offset == each.Offset))];
        }
    }

    public IReadOnlyList<Backlog> Backlogs()
    {
        lock (_gate)
        {
            // Before ClickHouse has answered once nothing is known to be visible or not.
            return _visible is null ? [] : [.. _ends.Values.Select(end =>
            {
                var records = Math.Max(0, end.End - Next(end));
                return new Backlog(end.Topic, end.Partition, records, records > 0 && _oldest.TryGetValue((end.Topic, end.Partition), out var oldest) ? Since(oldest.At) : 0);
            })];
        }
    }

    /// <summary>
    /// Seconds since <c>data_as_of</c>; infinite where it is NULL, so that nothing takes the present for granted; null before ClickHouse answered.
    /// </summary>
    public double? Freshness()
    {
        lock (_gate)
        {
            return _visible is null ? null : _visible.DataAsOf is { } at ? Since(at) : double.PositiveInfinity;
        }
    }

    /// <summary>Seconds since a watermark came through; infinite where none came within a day; null before ClickHouse answered.</summary>
    public double? WatermarkAge()
    {
        lock (_gate)
        {
            return _visible is null ? null : _watermarkCame is { } at ? Since(at) : double.PositiveInfinity;
        }
    }

    /// <summary>Seconds since the connector last wrote anything; null while it is not known to have written.</summary>
    public double? SourceSilent()
    {
        lock (_gate)
        {
            return _sourceSeen is { } at ? Since(at) : null;
        }
    }

    /// <summary>Seconds since each store last answered; where one never did, since this replica began to ask.</summary>
    public IReadOnlyList<(string Of, double Seconds)> Ages()
    {
        lock (_gate)
        {
            List<(string, double)> ages = [("kafka", Since(_kafkaSeen ?? _began)), ("clickhouse", Since(_visibleSeen ?? _began))];
            if (asksConnect)
            {
                ages.Add(("connect", Since(_connectSeen ?? _began)));
            }
            return ages;
        }
    }

    public IReadOnlyList<TableParts> Parts()
    {
        lock (_gate)
        {
            return [.. _parts];
        }
    }

    /// <summary>The highest epoch of each topic that has changes.</summary>
    public IReadOnlyList<(string Topic, int Epoch)> Epochs()
    {
        lock (_gate)
        {
            return _visible is null ? [] : [.. _visible.Partitions.Where(each => each.Value.Epoch > 0).GroupBy(each => each.Key.Topic)
                .Select(topic => (topic.Key, topic.Max(each => each.Value.Epoch)))];
        }
    }

    long Next(StreamEnd end) => _visible is not null && _visible.Partitions.TryGetValue((end.Topic, end.Partition), out var seen) ? Math.Max(seen.NextOffset, end.First) : end.First;

    double Since(DateTimeOffset at) => Math.Max(0, (clock.GetUtcNow() - at).TotalSeconds);
}
