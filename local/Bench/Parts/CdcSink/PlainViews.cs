using System.Globalization;

namespace Betting.Local.Bench.Parts.CdcSink;

/// <summary>
/// The engine's own way, as such pipelines usually are: materialised views take envelopes from tables <c>in_…</c>, extract the columns,
/// keep the latest by LSN, and join bets with users and events, which are kept in memory (Join tables). A changed user or event does
/// not reach the bets that are there already.
/// </summary>
static class PlainViews
{
    static readonly (string Table, string Columns)[] Sources =
    [
        ("users", "op String, after Tuple(id Int64, name String, created_at String), source Tuple(lsn UInt64)"),
        (
            "events",
            "op String, after Tuple(id Int64, name String, category String, start_time String, status String), source Tuple(lsn UInt64)"
        ),
        (
            "bets",
            "op String, after Tuple(id Int64, user_id Int64, event_id Int64, status String, amount Decimal(18, 2), payout "
                + "Nullable(Decimal(18, 2)), placed_at String, settled_at Nullable(String)), source Tuple(lsn UInt64)"
        ),
    ];

    static readonly string[] Tables =
    [
        "CREATE TABLE plain_users (id Int64, name String, created_at DateTime64(6, 'UTC')) ENGINE = Join(ANY, LEFT, id) SETTINGS "
            + "join_any_take_last_row = 1",
        "CREATE TABLE plain_events (id Int64, name String, category String, start_time DateTime64(6, 'UTC'), status String) ENGINE = "
            + "Join(ANY, LEFT, id) SETTINGS join_any_take_last_row = 1",
        """
            CREATE TABLE plain_bets (bet_id Int64, bet_status LowCardinality(String), bet_amount Decimal(18, 2), payout Nullable(Decimal(18,
            2)), placed_at DateTime64(6, 'UTC'),
                settled_at Nullable(DateTime64(6, 'UTC')), user_id Int64, user_name String, user_created_at DateTime64(6, 'UTC'),
                event_id Int64, event_name String,
                event_category LowCardinality(String), event_start_time DateTime64(6, 'UTC'), event_status LowCardinality(String),
                    lsn UInt64)
            ENGINE = ReplacingMergeTree(lsn) PARTITION BY toYYYYMM(placed_at) ORDER BY (placed_at, user_id, event_id, bet_id)
            """,
        "CREATE TABLE counted (n UInt64, at DateTime64(6, 'UTC')) ENGINE = MergeTree ORDER BY at",
        .. new[] { "plain_users", "plain_events", "plain_bets" }.Select(table =>
            $"CREATE MATERIALIZED VIEW {table}_counted TO counted AS SELECT count() AS n, now64(6) AS at FROM {table}"
        ),
    ];

    // A view that runs by itself, as for a Kafka table, has no database of its own to look into.
    static string[] Views(string database) =>
        [
            "CREATE MATERIALIZED VIEW feed_users TO plain_users AS SELECT after.id AS id, after.name AS name, "
                + "parseDateTime64BestEffort(after.created_at, 6, 'UTC') AS created_at FROM in_users",
            """
                CREATE MATERIALIZED VIEW feed_events TO plain_events AS SELECT after.id AS id, after.name AS name,
                after.category AS category,
                    parseDateTime64BestEffort(after.start_time, 6, 'UTC') AS start_time, after.status AS status FROM in_events
                """,
            $"""
                CREATE MATERIALIZED VIEW feed_bets TO plain_bets AS SELECT after.id AS bet_id, after.status AS bet_status,
                after.amount AS bet_amount, after.payout AS payout,
                    parseDateTime64BestEffort(after.placed_at, 6, 'UTC') AS placed_at, parseDateTime64BestEffortOrNull(after.settled_at, 6,
                    'UTC') AS settled_at,
                    after.user_id AS user_id, joinGet('{database}.plain_users', 'name', after.user_id) AS user_name,
                    joinGet('{database}.plain_users', 'created_at', after.user_id) AS user_created_at,
                    after.event_id AS event_id, joinGet('{database}.plain_events', 'name', after.event_id) AS event_name,
                    joinGet('{database}.plain_events', 'category', after.event_id) AS event_category,
                    joinGet('{database}.plain_events', 'start_time', after.event_id) AS event_start_time,
                    joinGet('{database}.plain_events', 'status', after.event_id) AS event_status, source.lsn AS lsn
                FROM in_bets WHERE op != 'd'
                """,
        ];

    /// <param name="database">Where they are made.</param>
    /// <param name="engine">Of the table that takes a source table's envelopes.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task CreateAsync(SinkDatabase database, Func<string, string> engine, CancellationToken cancellation)
    {
        foreach (
            var definition in Sources
                .Select(source => $"CREATE TABLE in_{source.Table} ({source.Columns}) ENGINE = {engine(source.Table)}")
                .Concat(Tables)
                .Concat(Views(database.Name))
        )
        {
            await database.RunAsync(definition, cancellation);
        }
    }

    /// <summary>How many envelopes have become rows, and when the last of them did, in seconds.</summary>
    public static async Task<(long Records, double At)> ProgressAsync(SinkDatabase database, CancellationToken cancellation)
    {
        var records = await database.NumberAsync("SELECT sum(n) FROM counted", cancellation);
        return (
            (long)records,
            await database.NumberAsync(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"SELECT toUnixTimestamp64Micro(max(at)) / 1e6 FROM (SELECT at, sum(n) OVER (ORDER BY at) AS so_far FROM counted) "
                        + $"WHERE so_far <= {records}"
                ),
                cancellation
            )
        );
    }
}
