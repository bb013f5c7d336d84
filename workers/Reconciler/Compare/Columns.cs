namespace Betting.Reconciler.Compare;

/// <summary>
/// The denormalised bet, over <c>bets b LEFT JOIN users u LEFT JOIN events e</c> and over <c>bets_analytics</c> or a view of its form.
/// A bet whose user or event is not there has an empty name and no time, as in PostgreSQL's own LEFT JOIN.
/// </summary>
static class Columns
{
    public static readonly IReadOnlyList<Column> All =
    [
        new("bet_id", "b.id::text", "toString(bet_id)"),
        Column.Text("bet_status", "b.status"),
        Column.Money("bet_amount", "b.amount"),
        Column.Money("payout", "b.payout"),
        Column.Time("placed_at", "b.placed_at"),
        Column.Time("settled_at", "b.settled_at"),
        new("user_id", "b.user_id::text", "toString(user_id)"),
        Column.Text("user_name", "u.name"),
        Column.Time("user_created_at", "u.created_at"),
        new("event_id", "b.event_id::text", "toString(event_id)"),
        Column.Text("event_name", "e.name"),
        Column.Text("event_category", "e.category"),
        Column.Time("event_start_time", "e.start_time"),
        Column.Text("event_status", "e.status"),
    ];

    public const string PostgresSource = "bets b LEFT JOIN users u ON u.id = b.user_id LEFT JOIN events e ON e.id = b.event_id";

    /// <summary>The UTC day of placed_at, counted from 1970; null at the two infinities.</summary>
    public static readonly string PostgresDay = StoredTime.Day("b.placed_at");

    // toInt64: a positive literal is unsigned, and the division of a moment before 1970 would be too.
    public const string ClickHouseDay = """
        if(toUnixTimestamp64Micro(placed_at) IN (9223372036854775807, -9223372036854775808), NULL,
           intDiv(toUnixTimestamp64Micro(placed_at) - positiveModulo(toUnixTimestamp64Micro(placed_at), toInt64(86400000000)),
               toInt64(86400000000)))
        """;

    public static readonly string PostgresHash = Column.PostgresHash(All);

    public static readonly string ClickHouseHash = Column.ClickHouseHash(All);
}
