using System.Globalization;
using Dapper;

namespace Betting.Tests.Reconciler.Worlds;

/// <summary>Bets of their own that are then spoilt in ClickHouse, each in one way, as a faulty sink or a careless hand might.</summary>
sealed class Planted(Pipeline pipeline)
{
    const long First = 900_001;

    // Bet → the one column that a change with the next version gets wrong.
    static readonly (long Bet, string Assignment, string Finding)[] Changes =
    [
        (First + 0, "amount + toDecimal64(0.01, 2) AS amount", "mismatched bet_amount"),
        (First + 1, "'CANCELLED' AS status", "mismatched bet_status"),
        (First + 2, "CAST(NULL, 'Nullable(Decimal(18, 2))') AS payout", "mismatched payout"),
        (First + 3, "placed_at + toIntervalMicrosecond(1) AS placed_at", "mismatched placed_at"),
        (First + 4, "settled_at - toIntervalHour(1) AS settled_at", "mismatched settled_at"),
        (First + 5, "CAST(NULL, 'Nullable(DateTime64(6, \\'UTC\\'))') AS settled_at", "mismatched settled_at"),
        (First + 6, "placed_at + toIntervalDay(1) AS placed_at", "mismatched placed_at"),
        (First + 7, "true AS deleted", "missing"),
        (First + 8, "999999 AS user_id", "mismatched user_id user_name user_created_at"),
    ];

    const long ExtraBet = First + 100,
        NamelessBet = First + 20,
        TimelessBet = First + 21;

    public IReadOnlyDictionary<long, string> InChanges { get; } =
        Changes
            .ToDictionary(change => change.Bet, change => change.Finding)
            .Append(new(ExtraBet, "extra"))
            .Append(new(NamelessBet, "mismatched user_name"))
            .Append(new(TimelessBet, "mismatched event_start_time"))
            .ToDictionary();

    public IReadOnlyDictionary<long, string> InView { get; } =
        new Dictionary<long, string>
        {
            [First + 10] = "mismatched bet_amount",
            [First + 11] = "mismatched user_name",
            [First + 12] = "missing",
            [First + 13] = "mismatched event_category",
            [First + 101] = "extra",
        };

    /// <summary>The table → its rows. The rows from 900003 on are of users and events that no bet names.</summary>
    public Dictionary<string, Dictionary<long, string>> InTables { get; } =
        new() { ["users"] = InTable("mismatched name"), ["events"] = InTable("mismatched start_time") };

    static Dictionary<long, string> InTable(string withBets) =>
        new()
        {
            [900002] = withBets,
            [900003] = "missing",
            [900004] = "mismatched name",
            [900105] = "extra",
        };

    public static async Task<Planted> SeedAsync(Pipeline pipeline)
    {
        await using var connection = await pipeline.Postgres.OpenConnectionAsync();
        await connection.ExecuteAsync(
            """
            INSERT INTO users VALUES (900001, 'Émile 🏆', '2024-02-29T12:00:00.000001Z'), (900002, 'Zoë', '2024-03-31T01:00:00Z');
            INSERT INTO events VALUES (900001, 'Final', 'football', '2025-10-26T01:30:00Z', 'LIVE'), (900002, 'Cup', 'tennis',
                '2025-03-30T01:30:00Z', 'LIVE');
            INSERT INTO users SELECT id, 'Nobody''s bet', '2024-03-31T01:00:00Z' FROM generate_series(900003, 900005) AS id;
            INSERT INTO events SELECT id, 'Unbet', 'tennis', '2025-03-30T01:30:00Z', 'SCHEDULED' FROM generate_series(900003, 900005) AS id;
            INSERT INTO bets SELECT id, 900001, 900001, 'SETTLED', 12.30, 0.00, '2025-10-26T00:30:00.123456Z', '2025-10-26T02:30:00Z'
            FROM generate_series(900001, 900019) AS id;
            INSERT INTO bets VALUES (900021, 900002, 900001, 'OPEN', 1.00, NULL, '2025-10-26T00:30:00.123456Z', NULL),
                                    (900022, 900001, 900002, 'OPEN', 1.00, NULL, '2025-10-26T00:30:00.123456Z', NULL);
            """
        );
        return new Planted(pipeline);
    }

    public async Task SpoilChangesAsync()
    {
        foreach (var (bet, assignment, _) in Changes)
        {
            await SpoilAsync("bet_changes", bet, assignment);
        }
        await SpoilAsync("bet_changes", First, $"{ExtraBet} AS id");
        await SpoilAsync("user_changes", 900002, "'Zoe' AS name");
        await SpoilAsync("event_changes", 900002, "start_time + toIntervalHour(1) AS start_time");
        foreach (var table in new[] { "user_changes", "event_changes" })
        {
            await SpoilAsync(table, 900003, "true AS deleted");
            await SpoilAsync(table, 900004, "concat(name, ' renamed') AS name");
            await SpoilAsync(table, 900005, "900105 AS id");
        }
    }

    public async Task HealChangesAsync()
    {
        // Whatever was planted has a version just above a real one, which is a multiple of eight.
        foreach (var table in new[] { "bet_changes", "user_changes", "event_changes" })
        {
            await ExecuteAsync($"ALTER TABLE {table} DELETE WHERE version % 8 > 0 SETTINGS mutations_sync = 2");
        }
    }

    public async Task SpoilViewAsync()
    {
        await SpoilViewAsync(First + 10, "bet_amount + toDecimal64(0.01, 2) AS bet_amount");
        await SpoilViewAsync(First + 11, "'Emile 🏆' AS user_name");
        await SpoilViewAsync(First + 12, "1 AS is_deleted");
        await SpoilViewAsync(First + 13, "'Football' AS event_category");
        await SpoilViewAsync(First + 14, $"{First + 101} AS bet_id");
    }

    public async Task HealViewAsync()
    {
        await ExecuteAsync("ALTER TABLE bets_analytics_rows DELETE WHERE bitAnd(toUInt64(version), 1) = 1 SETTINGS mutations_sync = 2");
        // A merge may have left nothing of the row that the planted one outranked.
        await ExecuteAsync("INSERT INTO bets_analytics_rows SELECT * FROM rows_before_planting");
    }

    Task<int> SpoilAsync(string table, long id, string assignment) =>
        ExecuteAsync(
            $"INSERT INTO {table} SELECT * REPLACE (version + 1 AS version, {assignment}) FROM {table} AS source WHERE source.id = "
                + $"{Text(id)} ORDER BY source.version DESC LIMIT 1"
        );

    async Task SpoilViewAsync(long bet, string assignment)
    {
        await ExecuteAsync("CREATE TABLE IF NOT EXISTS rows_before_planting AS bets_analytics_rows");
        await ExecuteAsync(
            $"INSERT INTO rows_before_planting SELECT * FROM bets_analytics_rows AS source WHERE source.bet_id = "
                + $"{Text(bet)} ORDER BY source.version DESC LIMIT 1"
        );
        await ExecuteAsync(
            $"INSERT INTO bets_analytics_rows SELECT * REPLACE (version + 1 AS version, {assignment}) FROM "
                + $"bets_analytics_rows AS source WHERE source.bet_id = {Text(bet)} ORDER BY source.version DESC LIMIT 1"
        );
    }

    Task<int> ExecuteAsync(string sql) => pipeline.ClickHouse.ExecuteNonQueryAsync(sql);

    static string Text(long id) => id.ToString(CultureInfo.InvariantCulture);
}
