namespace Betting.Local.Cluster.Proof;

/// <summary>One set of rows in both stores: an id and the row's text, in the order of the ids.</summary>
/// <param name="Name">The invariant in words.</param>
/// <param name="What">What one row is.</param>
/// <param name="Postgres">The query of PostgreSQL.</param>
/// <param name="ClickHouse">The query of ClickHouse.</param>
sealed record ComparedRows(string Name, string What, string Postgres, string ClickHouse)
{
    public static readonly ComparedRows Bets = new(
        "PostgreSQL = ClickHouse, row for row",
        "bet",
        $"""
        SELECT b.id, concat_ws('|', b.status, b.amount, coalesce(b.payout::text, '~'), {ShownMicros("b.placed_at")},
               coalesce({ShownMicros("b.settled_at")}::text, '~'),
               b.user_id, coalesce(u.name, ''), coalesce({ShownMicros("u.created_at")}::text, '~'),
               b.event_id, coalesce(e.name, ''), coalesce(e.category, ''), coalesce({ShownMicros("e.start_time")}::text, '~'),
               coalesce(e.status, ''))
        FROM bets b LEFT JOIN users u ON u.id = b.user_id LEFT JOIN events e ON e.id = b.event_id ORDER BY b.id
        """,
        """
        SELECT bet_id, concat(toString(bet_status), '|', toDecimalString(bet_amount, 2), '|', ifNull(toDecimalString(payout, 2), '~'), '|',
               toString(toUnixTimestamp64Micro(placed_at)), '|', ifNull(toString(toUnixTimestamp64Micro(settled_at)), '~'), '|',
               toString(user_id), '|', user_name, '|', ifNull(toString(toUnixTimestamp64Micro(user_created_at)), '~'), '|',
               toString(event_id), '|', event_name, '|', event_category, '|',
               ifNull(toString(toUnixTimestamp64Micro(event_start_time)), '~'), '|', toString(event_status))
        FROM bets_analytics ORDER BY bet_id
        """
    );

    // Bets show only those users and events that a bet names.
    public static readonly ComparedRows Users = new(
        "PostgreSQL = ClickHouse, users row for row",
        "user",
        $"SELECT id, concat_ws('|', {StoredMicros("created_at")}, name) FROM users ORDER BY id",
        $"""
        SELECT id, concat(toString(toUnixTimestamp64Micro(created_at)), '|', name)
        FROM {Current("users", "user_changes", "name", "created_at")} ORDER BY id
        """
    );

    public static readonly ComparedRows Events = new(
        "PostgreSQL = ClickHouse, events row for row",
        "event",
        $"SELECT id, concat_ws('|', {StoredMicros("start_time")}, status, octet_length(name), name, category) FROM events ORDER BY id",
        $"""
        SELECT id, concat(toString(toUnixTimestamp64Micro(start_time)), '|', toString(status), '|', toString(length(name)), '|', name, '|',
               toString(category))
        FROM {Current("events", "event_changes", "name", "category", "start_time", "status")} ORDER BY id
        """
    );

    public static readonly IReadOnlyList<ComparedRows> All = [Bets, Users, Events];

    // Times outside of 1900–2299, infinity among them, are shown as the first or last moment of these years. Without CASE, greatest()
    // would make a moment of NULL.
    static string ShownMicros(string time) =>
        $"""
            CASE WHEN {time} IS NOT NULL
                 THEN (extract(epoch FROM least(greatest({time}, '1900-01-01Z'), '2299-12-31 23:59:59.999999Z')) * 1000000)::bigint END
            """;

    // Changes keep times as they came, up to the last that 64 bits hold; one moment is the JDBC driver's infinity.
    static string StoredMicros(string time) =>
        $"""
            CASE WHEN {time} IN ('infinity', '294247-01-10 04:00:25.2Z') THEN 9223372036854775807
                 WHEN {time} = '-infinity' THEN (-9223372036854775808)::bigint
                 ELSE (extract(epoch FROM least({time}, '294247-01-10 04:00:54.775806Z')) * 1000000)::bigint END
            """;

    /// <summary>A table as its changes leave it. A change that came without a column, a bit of <c>not_sent</c>, keeps its value.</summary>
    static string Current(string table, string changes, params string[] columns)
    {
        var values = columns.Select(
            (column, bit) =>
                FormattableString.Invariant($"argMaxIf({column}, version, NOT deleted AND bitAnd(not_sent, {1 << bit}) = 0) AS {column}")
        );
        return $"""
            (SELECT id, {string.Join(", ", values)} FROM {changes} GROUP BY id
             HAVING NOT argMax(deleted, version) AND max(version) > (SELECT max(version) FROM truncations WHERE table = '{table}'))
            """;
    }
}
