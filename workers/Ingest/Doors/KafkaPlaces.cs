using Betting.Connections;
using Confluent.Kafka;
using Npgsql;

namespace Betting.Ingest.Doors;

/// <summary>
/// The places of partitions in PostgreSQL, beside the commands that they are the progress of. A place is noted after its commands are durable
/// and written within a second or so; a restart in between reads some commands again, as duplicates.
/// </summary>
/// <remarks>For the consumer's thread alone.</remarks>
sealed class KafkaPlaces(PostgresSource postgres, TimeProvider clock)
{
    const string Read = "SELECT topic, partition, topic_id, next_offset, last_offset, last_mark FROM kafka_places WHERE topic = ANY($1)";

    const string Upsert = """
        INSERT INTO kafka_places AS place (topic, partition, topic_id, next_offset, last_offset, last_mark)
        SELECT * FROM unnest($1, $2, $3, $4, $5, $6)
        ON CONFLICT (topic, partition) DO UPDATE SET topic_id = excluded.topic_id, next_offset = excluded.next_offset,
            last_offset = excluded.last_offset, last_mark = excluded.last_mark, noted_at = now()
        """;

    // The server's start, and whether each row is still as it was written.
    const string Check = """
        SELECT pg_postmaster_start_time(), count(*) FROM kafka_places JOIN unnest($1, $2, $3) AS written (topic, partition, next_offset) USING (topic, partition)
        WHERE kafka_places.next_offset >= written.next_offset
        """;

    static readonly TimeSpan Limit = TimeSpan.FromSeconds(4);

    Dictionary<TopicPartition, KafkaPlace> _noted = [], _onTheirWay = [];

    // What PostgreSQL is known to have.
    readonly Dictionary<TopicPartition, long> _written = [];
    Task<Write> _writing = Task.FromResult(Write.Done);

    // When the server was started from which the places were read.
    DateTime _started;

    enum Write
    {
        Done,
        NotTaken,
        Behind,
    }

    /// <summary>
    /// PostgreSQL may not have any more what it had: a place went back, or the server is another one or was started anew since the places were read.
    /// What was lost may be less than a place tells, because commands are committed before their place. Nothing is written until <see cref="Of"/> has
    /// told where it stands.
    /// </summary>
    public bool IsBehind => _writing.IsCompleted && _writing.Result == Write.Behind;

    /// <summary>The SQLSTATE with which PostgreSQL refuses to write the places; null where it takes them.</summary>
    public string? Refused { get; private set; }

    /// <summary>What is known of the partitions of these topics.</summary>
    /// <exception cref="NpgsqlException">PostgreSQL does not answer, or refuses.</exception>
    /// <exception cref="OperationCanceledException">It has not answered within the limit.</exception>
    public Dictionary<TopicPartition, KafkaPlace> Of(IEnumerable<TopicPartition> partitions)
    {
        using var limit = new CancellationTokenSource(Limit, clock);
        var topics = partitions.Select(partition => partition.Topic).Distinct().ToArray();
        // The client calls back on a thread that has no context to return to. What hangs beyond the limit is left to end by itself.
        var reading = ReadAsync(topics, limit.Token);
        if (Task.WaitAny([reading], Limit) < 0)
        {
            throw new TimeoutException("PostgreSQL has not told the places in time");
        }
        var (places, started) = reading.GetAwaiter().GetResult();
        (_started, _writing, Refused) = (started, Task.FromResult(Write.Done), null);
        foreach (var partition in partitions)
        {
            _written.Remove(partition);
            if (places.TryGetValue(partition, out var place))
            {
                _written[partition] = place.Next;
            }
        }
        return places;
    }

    /// <summary>Written with the next <see cref="Begin"/>.</summary>
    public void Note(TopicPartition partition, KafkaPlace place) => _noted[partition] = place;

    /// <summary>
    /// Begins to look whether PostgreSQL has what it had, and to write what was noted, unless that is under way or <see cref="IsBehind"/>; called about
    /// once a second.
    /// </summary>
    public void Begin()
    {
        if (!_writing.IsCompleted || _writing.Result == Write.Behind)
        {
            return;
        }
        foreach (var (partition, place) in _onTheirWay)
        {
            if (_writing.Result == Write.Done)
            {
                _written[partition] = place.Next;
            }
            else
            {
                _noted.TryAdd(partition, place);
            }
        }
        (_onTheirWay, _noted) = (_noted, []);
        var (places, written, started) = (_onTheirWay.ToArray(), _written.ToArray(), _started);
        _writing = places.Length + written.Length == 0 ? Task.FromResult(Write.Done) : Task.Run(() => WriteAsync(places, written, started));
    }

    /// <summary>Before partitions go to another replica, which begins at what is written. What does not end in time is written by nobody.</summary>
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
        }
    }

    async Task<(Dictionary<TopicPartition, KafkaPlace> Places, DateTime Started)> ReadAsync(string[] topics, CancellationToken limit)
    {
        await using var connection = await postgres.OpenConnectionAsync(limit);
        await using var server = new NpgsqlCommand("SELECT pg_postmaster_start_time()", connection);
        var started = (DateTime)(await server.ExecuteScalarAsync(limit))!;
        await using var command = new NpgsqlCommand(Read, connection);
        command.Parameters.AddWithValue(topics);
        await using var rows = await command.ExecuteReaderAsync(limit);
        var places = new Dictionary<TopicPartition, KafkaPlace>();
        while (await rows.ReadAsync(limit))
        {
            RecordMark? last = await rows.IsDBNullAsync(4, limit) ? null : new RecordMark(rows.GetInt64(4), rows.GetInt64(5));
            places[new TopicPartition(rows.GetString(0), rows.GetInt32(1))] = new KafkaPlace(rows.GetString(2), rows.GetInt64(3), last);
        }
        return (places, started);
    }

    async Task<Write> WriteAsync(KeyValuePair<TopicPartition, KafkaPlace>[] places, KeyValuePair<TopicPartition, long>[] written, DateTime started)
    {
        using var limit = new CancellationTokenSource(Limit, clock);
        try
        {
            await using var connection = await postgres.OpenConnectionAsync(limit.Token);
            await using var check = new NpgsqlCommand(Check, connection);
            check.Parameters.AddWithValue(Array.ConvertAll(written, each => each.Key.Topic));
            check.Parameters.AddWithValue(Array.ConvertAll(written, each => each.Key.Partition.Value));
            check.Parameters.AddWithValue(Array.ConvertAll(written, each => each.Value));
            await using (var row = await check.ExecuteReaderAsync(limit.Token))
            {
                await row.ReadAsync(limit.Token);
                if (row.GetDateTime(0) != started || row.GetInt64(1) < written.Length)
                {
                    return Write.Behind;
                }
            }
            if (places.Length == 0)
            {
                return Write.Done;
            }
            await using var command = new NpgsqlCommand(Upsert, connection);
            command.Parameters.AddWithValue(Array.ConvertAll(places, place => place.Key.Topic));
            command.Parameters.AddWithValue(Array.ConvertAll(places, place => place.Key.Partition.Value));
            command.Parameters.AddWithValue(Array.ConvertAll(places, place => place.Value.TopicId));
            command.Parameters.AddWithValue(Array.ConvertAll(places, place => place.Value.Next));
            command.Parameters.AddWithValue(Array.ConvertAll(places, place => place.Value.Last?.Offset));
            command.Parameters.AddWithValue(Array.ConvertAll(places, place => place.Value.Last?.Hash));
            await command.ExecuteNonQueryAsync(limit.Token);
            Refused = null;
            return Write.Done;
        }
        catch (PostgresException refused) when (refused.SqlState.StartsWith("42", StringComparison.Ordinal))
        {
            Refused = refused.SqlState;
            return Write.NotTaken;
        }
        catch (Exception away) when (away is NpgsqlException or TimeoutException or OperationCanceledException)
        {
            // Whoever works with PostgreSQL tells of it.
            return Write.NotTaken;
        }
    }
}
