namespace Betting.Reconciler.Compare;

/// <summary>One column of the denormalised bet as text, alike on both sides.</summary>
/// <param name="Name">As BI knows it.</param>
/// <param name="Postgres">Over <c>bets b LEFT JOIN users u LEFT JOIN events e</c>.</param>
/// <param name="ClickHouse">Over <c>bets_analytics</c> or one of the views of its form.</param>
sealed record Column(string Name, string Postgres, string ClickHouse);

/// <summary>
/// The text of a whole row, and its checksum, in both dialects. NULL is <c>~</c>; a string is prefixed by its length in
/// bytes, so that no value can run into the next; money has two decimals, times are microseconds since 1970.
/// A bet whose user or event is not there has an empty name and no time, as in PostgreSQL's own LEFT JOIN.
/// </summary>
static class Columns
{
    public static readonly IReadOnlyList<Column> All =
    [
        new("bet_id", "b.id::text", "toString(bet_id)"),
        Text("bet_status", "b.status"),
        Money("bet_amount", "b.amount"),
        Money("payout", "b.payout"),
        Time("placed_at", "b.placed_at"),
        Time("settled_at", "b.settled_at"),
        new("user_id", "b.user_id::text", "toString(user_id)"),
        Text("user_name", "u.name"),
        Time("user_created_at", "u.created_at"),
        new("event_id", "b.event_id::text", "toString(event_id)"),
        Text("event_name", "e.name"),
        Text("event_category", "e.category"),
        Time("event_start_time", "e.start_time"),
        Text("event_status", "e.status"),
    ];

    public const string PostgresSource = "bets b LEFT JOIN users u ON u.id = b.user_id LEFT JOIN events e ON e.id = b.event_id";

    /// <summary>The UTC day of placed_at, counted from 1970; null at the two infinities.</summary>
    public const string PostgresDay = "CASE WHEN isfinite(b.placed_at) THEN floor(extract(epoch FROM b.placed_at) / 86400)::bigint END";

    // toInt64: a positive literal is unsigned, and the division of a moment before 1970 would be too.
    public const string ClickHouseDay = """
        if(toUnixTimestamp64Micro(placed_at) IN (9223372036854775807, -9223372036854775808), NULL,
           intDiv(toUnixTimestamp64Micro(placed_at) - positiveModulo(toUnixTimestamp64Micro(placed_at), toInt64(86400000000)), toInt64(86400000000)))
        """;

    /// <summary>The first half of the text's MD5 as a signed 64-bit number.</summary>
    public static readonly string PostgresHash = $"('x' || left(md5({string.Join(" || '|' || ", All.Select(column => column.Postgres))}), 16))::bit(64)::bigint";

    public static readonly string ClickHouseHash = $"reinterpretAsInt64(halfMD5(concat({string.Join(", '|', ", All.Select(column => column.ClickHouse))})))";

    static Column Text(string name, string postgres) => new(
        name, $"coalesce(octet_length({postgres}) || ':' || {postgres}, '0:')", $"concat(toString(length({name})), ':', toString({name}))");

    // A concat with a NULL would be NULL and vanish from the sum: hence the mark. toString of a Decimal drops zeros.
    static Column Money(string name, string postgres) => new(
        name, $"coalesce({postgres}::text, '~')", $"if(isNull({name}), '~', toDecimalString(assumeNotNull({name}), 2))");

    static Column Time(string name, string postgres) => new(
        name,
        $"CASE WHEN {postgres} IS NULL THEN '~' WHEN {postgres} = 'infinity' THEN '9223372036854775807' WHEN {postgres} = '-infinity' "
            + $"THEN '-9223372036854775808' ELSE (extract(epoch FROM {postgres}) * 1000000)::bigint::text END",
        $"if(isNull({name}), '~', toString(toUnixTimestamp64Micro(assumeNotNull({name}))))");
}
