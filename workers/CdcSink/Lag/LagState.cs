using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.KafkaTopics;
using Betting.Hosting;

namespace Betting.CdcSink.Lag;

/// <summary>
/// What is known of the lag, from two looks: where the topics end (Kafka) and what is visible (ClickHouse). Ages count on between looks.
/// What rests on a look that is older than the limit is not told: the other replicas go on while one is cut off from a store, and alerts
/// take the smallest value of all replicas.
/// </summary>
/// <param name="clock">Counts how old a look is.</param>
/// <param name="stores">Counts ages of what others have dated.</param>
/// <param name="limit">How old a look may be.</param>
/// <param name="asksConnect">True where Kafka Connect is asked too.</param>
public sealed class LagState(TimeProvider clock, StoresClock stores, TimeSpan limit, bool asksConnect = false)
{
    readonly long _began = clock.GetTimestamp();
    readonly Lock _gate = new();
    readonly Dictionary<(string Topic, int Partition), (StreamEnd End, long Seen)> _ends = [];
    readonly Dictionary<(string Topic, int Partition), (long Offset, DateTimeOffset At)> _oldest = [];
    readonly RecentValue<IReadOnlyList<TableParts>> _parts = new(limit, clock);
    readonly RecentValue<int> _missing = new(limit, clock);
    VisibleProgress? _visible;
    DateTimeOffset? _sourceSeen;
    long? _kafkaSeen,
        _visibleSeen,
        _connectSeen;
    TimeSpan? _sinceWatermark;

    /// <summary>How far a partition is behind; seconds are null until the time of its oldest record that is not visible is known.</summary>
    public readonly record struct Backlog(string Topic, int Partition, long Records, double? Seconds);

    /// <summary>True while the time of the source's last record is known.</summary>
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

    /// <summary>
    /// The brokers' answer. Where they have not answered for longer than the limit, what came meanwhile came at any moment since, so the
    /// source's last record has to be looked at again: see <see cref="KnowsSource"/>.
    /// </summary>
    public void SawEnds(IReadOnlyCollection<StreamEnd> ends)
    {
        lock (_gate)
        {
            var now = clock.GetTimestamp();
            _sourceSeen = IsRecent(_kafkaSeen) ? _sourceSeen : null;
            foreach (var old in _ends.Where(each => !IsRecent(each.Value.Seen)).Select(each => each.Key).ToList())
            {
                _ends.Remove(old);
            }
            foreach (var end in ends)
            {
                var key = (end.Topic, end.Partition);
                // What came since the last look came by now, at most one look ago.
                if (_ends.TryGetValue(key, out var before) && end.End > before.End.End)
                {
                    _sourceSeen = stores.Now;
                }
                _ends[key] = (end, now);
                if (Next(end) >= end.End)
                {
                    _oldest.Remove(key);
                }
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
            _visibleSeen = clock.GetTimestamp();
            _sinceWatermark = sinceWatermark;
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
    public void SawMissing(int partitions) => _missing.Set(partitions);

    /// <summary>Requests that hold <c>data_as_of</c>; null where ClickHouse has not answered of late.</summary>
    public long? Holds()
    {
        lock (_gate)
        {
            return Visible?.Holds.Count;
        }
    }

    /// <summary>
    /// Partitions of rows that Kafka does not have any more; null where not both stores have answered of late, for all partitions.
    /// </summary>
    public int? Missing() => _missing.TryGet(out var partitions) ? partitions : null;

    /// <summary>Kafka Connect answered.</summary>
    public void SawConnect()
    {
        lock (_gate)
        {
            _connectSeen = clock.GetTimestamp();
        }
    }

    public void SawParts(IReadOnlyList<TableParts> parts) => _parts.Set(parts);

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
            return
            [
                .. _ends
                    .Values.Select(each => (each.End.Topic, each.End.Partition, Offset: Next(each.End)))
                    .Where(each =>
                        each.Offset < _ends[(each.Topic, each.Partition)].End.End
                        && !(_oldest.TryGetValue((each.Topic, each.Partition), out var known) && known.Offset == each.Offset)
                    ),
            ];
        }
    }

    /// <summary>
    /// Of the partitions that have answered of late; none where ClickHouse has not, for then nothing is known to be visible or not.
    /// </summary>
    public IReadOnlyList<Backlog> Backlogs()
    {
        lock (_gate)
        {
            return Visible is null
                ? []
                :
                [
                    .. _ends
                        .Values.Where(each => IsRecent(each.Seen))
                        .Select(each => each.End)
                        .Select(end =>
                        {
                            var records = Math.Max(0, end.End - Next(end));
                            var seconds =
                                records == 0 ? 0
                                : _oldest.TryGetValue((end.Topic, end.Partition), out var oldest) ? Since(oldest.At)
                                : (double?)null;
                            return new Backlog(end.Topic, end.Partition, records, seconds);
                        }),
                ];
        }
    }

    /// <summary>
    /// Seconds since <c>data_as_of</c>; infinite where it is NULL, so that nothing takes the present for granted; null where ClickHouse has
    /// not answered of late.
    /// </summary>
    public double? Freshness()
    {
        lock (_gate)
        {
            return Visible is not { } visible ? null
                : visible.DataAsOf is { } at ? Since(at)
                : double.PositiveInfinity;
        }
    }

    /// <summary>
    /// Seconds since a watermark came through; infinite where none came within a day; null where ClickHouse has not answered of late.
    /// </summary>
    public double? WatermarkAge()
    {
        lock (_gate)
        {
            return Visible is null ? null
                : _sinceWatermark is { } since ? since.TotalSeconds + SecondsSince(_visibleSeen!.Value)
                : double.PositiveInfinity;
        }
    }

    /// <summary>
    /// Seconds since the connector last wrote anything; null while it is not known to have written, and where Kafka has not answered of
    /// late.
    /// </summary>
    public double? SourceSilent()
    {
        lock (_gate)
        {
            return IsRecent(_kafkaSeen) && _sourceSeen is { } at ? Since(at) : null;
        }
    }

    /// <summary>Seconds since each store last answered; where one never did, since this replica began to ask.</summary>
    public IReadOnlyList<(string Of, double Seconds)> Ages()
    {
        lock (_gate)
        {
            List<(string, double)> ages =
            [
                ("kafka", SecondsSince(_kafkaSeen ?? _began)),
                ("clickhouse", SecondsSince(_visibleSeen ?? _began)),
            ];
            if (asksConnect)
            {
                ages.Add(("connect", SecondsSince(_connectSeen ?? _began)));
            }
            return ages;
        }
    }

    public IReadOnlyList<TableParts> Parts() => _parts.TryGet(out var parts) ? parts : [];

    /// <summary>The highest epoch of each topic that has changes.</summary>
    public IReadOnlyList<(string Topic, int Epoch)> Epochs()
    {
        lock (_gate)
        {
            return Visible is not { } visible
                ? []
                :
                [
                    .. visible
                        .Partitions.Where(each => each.Value.Epoch > 0)
                        .GroupBy(each => each.Key.Topic)
                        .Select(topic => (topic.Key, topic.Max(each => each.Value.Epoch))),
                ];
        }
    }

    VisibleProgress? Visible => IsRecent(_visibleSeen) ? _visible : null;

    bool IsRecent(long? seen) => seen is { } at && clock.GetElapsedTime(at) <= limit;

    long Next(StreamEnd end) =>
        _visible is not null && _visible.Partitions.TryGetValue((end.Topic, end.Partition), out var seen)
            ? Math.Max(seen.NextOffset, end.First)
            : end.First;

    double SecondsSince(long at) => clock.GetElapsedTime(at).TotalSeconds;

    double Since(DateTimeOffset at) => Math.Max(0, (stores.Now - at).TotalSeconds);
}
