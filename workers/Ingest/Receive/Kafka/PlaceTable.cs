using System.Net.Sockets;
using Betting.Connections;
using Betting.Ingest.Postgres;
using Confluent.Kafka;
using Npgsql;

namespace Betting.Ingest.Receive.Kafka;

/// <summary>What became of a write of places.</summary>
enum PlaceWrite
{
    Done,

    /// <summary>PostgreSQL did not answer, or refused.</summary>
    NotTaken,

    /// <summary>It is another server, or was started anew, or has an older place than it had: nothing was written.</summary>
    Behind,
}

/// <summary>The table <c>kafka_places</c>.</summary>
sealed class PlaceTable(PostgresSource postgres, TimeProvider clock)
{
    const string Server = $"SELECT {ServerIdentity.Sql}";

    const string Read = "SELECT topic, partition, topic_id, next_offset, last_offset, last_mark FROM kafka_places WHERE topic = ANY($1)";

    // The server, and how many rows are still as they were written.
    const string Check = $"""
        SELECT {ServerIdentity.Sql}, count(*)
        FROM kafka_places JOIN unnest($1, $2, $3, $4) AS written (topic, partition, topic_id, next_offset) USING (topic, partition,
            topic_id)
        WHERE kafka_places.next_offset >= written.next_offset
        """;

    const string Upsert = """
        INSERT INTO kafka_places AS place (topic, partition, topic_id, next_offset, last_offset, last_mark)
        SELECT * FROM unnest($1, $2, $3, $4, $5, $6)
        ON CONFLICT (topic, partition) DO UPDATE SET topic_id = excluded.topic_id, next_offset = excluded.next_offset,
            last_offset = excluded.last_offset, last_mark = excluded.last_mark, noted_at = now()
        """;

    /// <summary>How long one look or write may take.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(4);

    /// <summary>The SQLSTATE with which PostgreSQL refused the last write; null where it did not.</summary>
    public string? Refused { get; private set; }

    /// <summary>The places of these topics, and the identity of the server that tells them.</summary>
    /// <exception cref="NpgsqlException">PostgreSQL does not answer, or refuses.</exception>
    /// <exception cref="OperationCanceledException">It has not answered within <see cref="Limit"/>.</exception>
    public async Task<(Dictionary<TopicPartition, KafkaPlace> Places, string Server)> ReadAsync(string[] topics)
    {
        using var limit = new CancellationTokenSource(Limit, clock);
        await using var connection = await postgres.OpenConnectionAsync(limit.Token);
        await using var identity = new NpgsqlCommand(Server, connection);
        var server = (string)(await identity.ExecuteScalarAsync(limit.Token))!;
        await using var command = new NpgsqlCommand(Read, connection);
        command.Parameters.AddWithValue(topics);
        await using var rows = await command.ExecuteReaderAsync(limit.Token);
        var places = new Dictionary<TopicPartition, KafkaPlace>();
        while (await rows.ReadAsync(limit.Token))
        {
            RecordMark? last = await rows.IsDBNullAsync(4, limit.Token) ? null : new RecordMark(rows.GetInt64(4), rows.GetInt64(5));
            places[new TopicPartition(rows.GetString(0), rows.GetInt32(1))] = new KafkaPlace(rows.GetString(2), rows.GetInt64(3), last);
        }
        Refused = null;
        return (places, server);
    }

    /// <summary>Writes places, perhaps none, where the server still has what it had.</summary>
    /// <param name="places">What is to be written.</param>
    /// <param name="written">What the server had at least.</param>
    /// <param name="server">The identity of the server that had it.</param>
    public async Task<PlaceWrite> WriteAsync(
        KeyValuePair<TopicPartition, KafkaPlace>[] places,
        KeyValuePair<TopicPartition, KafkaPlace>[] written,
        string server
    )
    {
        using var limit = new CancellationTokenSource(Limit, clock);
        try
        {
            await using var connection = await postgres.OpenConnectionAsync(limit.Token);
            // One transaction, so that no pooler leads the two to different servers.
            await using var transaction = await connection.BeginTransactionAsync(limit.Token);
            if (!await HasAsync(connection, written, server, limit.Token))
            {
                return PlaceWrite.Behind;
            }
            if (places.Length > 0)
            {
                await WriteAsync(connection, places, limit.Token);
                await transaction.CommitAsync(limit.Token);
            }
            Refused = null;
            return PlaceWrite.Done;
        }
        catch (PostgresException refused) when (IsConfiguration(refused))
        {
            Refused = refused.SqlState;
            return PlaceWrite.NotTaken;
        }
        catch (Exception away) when (away is NpgsqlException or SocketException or TimeoutException or OperationCanceledException)
        {
            // Whoever works with PostgreSQL tells of it.
            return PlaceWrite.NotTaken;
        }
    }

    /// <summary>
    /// True where the table or a right is missing; any other answer is a server's that starts, ends or has too much to do.
    /// </summary>
    public static bool IsConfiguration(PostgresException refused) => refused.SqlState.StartsWith("42", StringComparison.Ordinal);

    static async Task<bool> HasAsync(
        NpgsqlConnection connection,
        KeyValuePair<TopicPartition, KafkaPlace>[] written,
        string server,
        CancellationToken limit
    )
    {
        await using var check = new NpgsqlCommand(Check, connection);
        check.Parameters.AddWithValue(Array.ConvertAll(written, each => each.Key.Topic));
        check.Parameters.AddWithValue(Array.ConvertAll(written, each => each.Key.Partition.Value));
        check.Parameters.AddWithValue(Array.ConvertAll(written, each => each.Value.TopicId));
        check.Parameters.AddWithValue(Array.ConvertAll(written, each => each.Value.Next));
        await using var row = await check.ExecuteReaderAsync(limit);
        await row.ReadAsync(limit);
        return row.GetString(0) == server && row.GetInt64(1) == written.Length;
    }

    static async Task WriteAsync(NpgsqlConnection connection, KeyValuePair<TopicPartition, KafkaPlace>[] places, CancellationToken limit)
    {
        await using var command = new NpgsqlCommand(Upsert, connection);
        command.Parameters.AddWithValue(Array.ConvertAll(places, place => place.Key.Topic));
        command.Parameters.AddWithValue(Array.ConvertAll(places, place => place.Key.Partition.Value));
        command.Parameters.AddWithValue(Array.ConvertAll(places, place => place.Value.TopicId));
        command.Parameters.AddWithValue(Array.ConvertAll(places, place => place.Value.Next));
        command.Parameters.AddWithValue(Array.ConvertAll(places, place => place.Value.Last?.Offset));
        command.Parameters.AddWithValue(Array.ConvertAll(places, place => place.Value.Last?.Hash));
        await command.ExecuteNonQueryAsync(limit);
    }
}
