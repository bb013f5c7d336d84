using Confluent.Kafka;

namespace Betting.Ingest.Receive.Kafka;

/// <summary>
/// The places of this replica's partitions: noted after their commands are durable, and written to PostgreSQL within a second or so. A
/// restart in between reads some commands again, as duplicates.
/// </summary>
/// <remarks>For the consumer's thread alone.</remarks>
sealed class KafkaPlaces(PlaceTable table, TimeProvider clock)
{
    Dictionary<TopicPartition, KafkaPlace> _noted = [],
        _onTheirWay = [];

    static readonly TimeSpan LateAfter = TimeSpan.FromMinutes(1);

    // What PostgreSQL is known to have.
    readonly Dictionary<TopicPartition, KafkaPlace> _written = [];

    // The first place of each partition that this process knew, for as long as it lives. A PostgreSQL that went back to before its row has
    // none, and the group may be beyond what is lost.
    readonly Dictionary<TopicPartition, KafkaPlace> _first = [];
    long? _untakenSince;
    Task<PlaceWrite> _writing = Task.FromResult(PlaceWrite.Done);

    // Of which places were read, whatever they were.
    readonly HashSet<TopicPartition> _read = [];

    /// <summary>
    /// PostgreSQL may not have any more what it had. What it lost may be less than a place tells, because commands are committed before
    /// their place; so a server that was started anew counts too. Nothing is written until <see cref="Of"/> has told where it stands.
    /// </summary>
    public bool IsBehind => _read.Count > 0 && _writing.IsCompleted && _writing.Result == PlaceWrite.Behind;

    /// <summary>The <see cref="Postgres.ServerIdentity"/> of the server from which the places were read; null before they were.</summary>
    public string? Server { get; private set; }

    /// <summary>PostgreSQL has taken nothing for a minute, and has not refused it: it is away, or somebody has locked the table.</summary>
    public bool IsLate => _read.Count > 0 && _untakenSince is { } since && clock.GetElapsedTime(since) > LateAfter;

    /// <summary>The SQLSTATE with which PostgreSQL refuses to write the places; null where it takes them.</summary>
    public string? Refused => _written.Count + _noted.Count + _onTheirWay.Count > 0 ? table.Refused : null;

    /// <summary>What is known of the partitions of these topics.</summary>
    /// <exception cref="Npgsql.NpgsqlException">PostgreSQL does not answer, or refuses.</exception>
    /// <exception cref="OperationCanceledException">It has not answered within the limit.</exception>
    /// <exception cref="TimeoutException">Likewise, and the client hangs.</exception>
    public Dictionary<TopicPartition, KafkaPlace> Of(IReadOnlyCollection<TopicPartition> partitions)
    {
        // The client calls back on a thread that has no context to return to. What hangs beyond the limit is left to end by itself.
        var reading = table.ReadAsync([.. partitions.Select(partition => partition.Topic).Distinct()]);
        if (Task.WaitAny([reading], PlaceTable.Limit) < 0)
        {
            throw new TimeoutException("PostgreSQL has not told the places in time");
        }
        var (places, server) = reading.GetAwaiter().GetResult();
        (Server, _writing) = (server, Task.FromResult(PlaceWrite.Done));
        foreach (var partition in partitions)
        {
            _read.Add(partition);
            _written.Remove(partition);
            if (places.TryGetValue(partition, out var place))
            {
                _written[partition] = place;
                _first.TryAdd(partition, place);
            }
            else if (_first.TryGetValue(partition, out var first))
            {
                places[partition] = first;
            }
        }
        return places;
    }

    /// <summary>Written with the next <see cref="Begin"/>.</summary>
    public void Note(TopicPartition partition, KafkaPlace place)
    {
        _noted[partition] = place;
        _first.TryAdd(partition, place);
    }

    /// <summary>
    /// Begins to look whether PostgreSQL has what it had, and to write what was noted, unless that is under way or <see cref="IsBehind"/>;
    /// called about once a second.
    /// </summary>
    public void Begin()
    {
        if (!_writing.IsCompleted || IsBehind || _read.Count == 0 || Server is not { } server)
        {
            return;
        }
        _untakenSince = _writing.Result == PlaceWrite.NotTaken ? _untakenSince ?? clock.GetTimestamp() : null;
        foreach (var (partition, place) in _onTheirWay)
        {
            if (_writing.Result == PlaceWrite.Done)
            {
                _written[partition] = place;
            }
            else
            {
                _noted.TryAdd(partition, place);
            }
        }
        (_onTheirWay, _noted) = (_noted, []);
        var (places, written) = (_onTheirWay.ToArray(), _written.ToArray());
        _writing = Task.Run(() => table.WriteAsync(places, written, server));
    }

    /// <summary>
    /// Before partitions go to another replica, which begins at what is written. What does not end in time is written by nobody.
    /// </summary>
    public void Finish(TimeSpan limit)
    {
        var asked = clock.GetTimestamp();
        if (limit <= TimeSpan.Zero || Task.WaitAny([_writing], limit) < 0 || clock.GetElapsedTime(asked) is var passed && passed >= limit)
        {
            return;
        }
        Begin();
        Task.WaitAny([_writing], limit - passed);
    }

    /// <summary>What is noted of partitions that others own now is theirs to note.</summary>
    public void Forget(IEnumerable<TopicPartition> partitions)
    {
        foreach (var partition in partitions)
        {
            _noted.Remove(partition);
            _onTheirWay.Remove(partition);
            _written.Remove(partition);
            _read.Remove(partition);
        }
    }
}
