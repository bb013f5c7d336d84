using ClickHouse.Driver;

namespace Betting.Local.Bench.Parts.CdcSink;

/// <summary>
/// The peer (c): the engine's own way. The embedded engine has no Kafka table engine, so envelopes are inserted as JSONEachRow into
/// Null tables, in blocks of the size that the Kafka engine takes (65,536), and materialised views extract the columns, keep the
/// latest by LSN, and join bets with users and events, which are kept in memory (Join tables). As such pipelines usually are: a
/// changed user or event does not reach the bets that are there already.
/// </summary>
static class PlainViews
{
    const int Block = 65_536;

    static readonly string[] Definitions =
    [
        "CREATE TABLE in_users (op String, after Tuple(id Int64, name String, created_at String), source Tuple(lsn UInt64)) ENGINE = Null",
        "CREATE TABLE in_events (op String, after Tuple(id Int64, name String, category String, start_time String, status String), source Tuple(lsn UInt64)) ENGINE = Null",
        """
        CREATE TABLE in_bets (op String, after Tuple(id Int64, user_id Int64, event_id Int64, status String, amount Decimal(18, 2), payout Nullable(Decimal(18, 2)),
            placed_at String, settled_at Nullable(String)), source Tuple(lsn UInt64)) ENGINE = Null
        """,
        "CREATE TABLE plain_users (id Int64, name String, created_at DateTime64(6, 'UTC')) ENGINE = Join(ANY, LEFT, id) SETTINGS join_any_take_last_row = 1",
        "CREATE TABLE plain_events (id Int64, name String, category String, start_time DateTime64(6, 'UTC'), status String) ENGINE = Join(ANY, LEFT, id) SETTINGS join_any_take_last_row = 1",
        """
        CREATE TABLE plain_bets (bet_id Int64, bet_status LowCardinality(String), bet_amount Decimal(18, 2), payout Nullable(Decimal(18, 2)), placed_at DateTime64(6, 'UTC'),
            settled_at Nullable(DateTime64(6, 'UTC')), user_id Int64, user_name String, user_created_at DateTime64(6, 'UTC'), event_id Int64, event_name String,
            event_category LowCardinality(String), event_start_time DateTime64(6, 'UTC'), event_status LowCardinality(String), lsn UInt64)
        ENGINE = ReplacingMergeTree(lsn) PARTITION BY toYYYYMM(placed_at) ORDER BY (placed_at, user_id, event_id, bet_id)
        """,
        "CREATE MATERIALIZED VIEW feed_users TO plain_users AS SELECT after.id AS id, after.name AS name, parseDateTime64BestEffort(after.created_at, 6, 'UTC') AS created_at FROM in_users",
        """
        CREATE MATERIALIZED VIEW feed_events TO plain_events AS SELECT after.id AS id, after.name AS name, after.category AS category,
            parseDateTime64BestEffort(after.start_time, 6, 'UTC') AS start_time, after.status AS status FROM in_events
        """,
        """
        CREATE MATERIALIZED VIEW feed_bets TO plain_bets AS SELECT after.id AS bet_id, after.status AS bet_status, after.amount AS bet_amount, after.payout AS payout,
            parseDateTime64BestEffort(after.placed_at, 6, 'UTC') AS placed_at, parseDateTime64BestEffortOrNull(after.settled_at, 6, 'UTC') AS settled_at,
            after.user_id AS user_id, joinGet(currentDatabase() || '.plain_users', 'name', after.user_id) AS user_name,
            joinGet(currentDatabase() || '.plain_users', 'created_at', after.user_id) AS user_created_at,
            after.event_id AS event_id, joinGet(currentDatabase() || '.plain_events', 'name', after.event_id) AS event_name,
            joinGet(currentDatabase() || '.plain_events', 'category', after.event_id) AS event_category,
            joinGet(currentDatabase() || '.plain_events', 'start_time', after.event_id) AS event_start_time,
            joinGet(currentDatabase() || '.plain_events', 'status', after.event_id) AS event_status, source.lsn AS lsn
        FROM in_bets WHERE op != 'd'
        """,
    ];

    /// <returns>Changes a second, after the warm-up.</returns>
    public static async Task<double> RateAsync(SinkDatabase database, IEnumerable<MadeRecord> warmUp, IReadOnlyCollection<MadeRecord> measured, TimeProvider clock, CancellationToken cancellation)
    {
        foreach (var definition in Definitions)
        {
            await database.RunAsync(definition, cancellation);
        }
        using var client = new ClickHouseClient(database.ConnectionString);
        await InsertAsync(client, warmUp, cancellation);
        var blocks = Blocks(measured).ToList();
        var started = clock.GetTimestamp();
        foreach (var block in blocks)
        {
            await InsertAsync(client, block, cancellation);
        }
        return measured.Count / clock.GetElapsedTime(started).TotalSeconds;
    }

    static async Task InsertAsync(ClickHouseClient client, IEnumerable<MadeRecord> records, CancellationToken cancellation)
    {
        foreach (var block in Blocks(records))
        {
            await InsertAsync(client, block, cancellation);
        }
    }

    // A block's tables one after the other would leave a core idle: they are inserted side by side.
    static Task InsertAsync(ClickHouseClient client, (string Table, byte[] Lines)[] block, CancellationToken cancellation) => Task.WhenAll(block.Select(async part =>
    {
        using var answer = await client.PostStreamAsync(
            $"INSERT INTO {part.Table} SETTINGS input_format_skip_unknown_fields = 1, input_format_null_as_default = 1 FORMAT JSONEachRow", new MemoryStream(part.Lines), isCompressed: false, cancellation);
    }));

    static IEnumerable<(string Table, byte[] Lines)[]> Blocks(IEnumerable<MadeRecord> records) => records.Chunk(Block).Select(chunk =>
        chunk.GroupBy(record => record.Topic).Select(topic => ("in_" + topic.Key[(topic.Key.LastIndexOf('.') + 1)..], Lines(topic))).ToArray());

    static byte[] Lines(IEnumerable<MadeRecord> records)
    {
        using var lines = new MemoryStream();
        foreach (var record in records)
        {
            lines.Write(record.Value);
            lines.WriteByte((byte)'\n');
        }
        return lines.ToArray();
    }
}
