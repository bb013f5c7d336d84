namespace Betting.Reconciler.Compare;

/// <summary>
/// A <c>timestamptz</c> of PostgreSQL, to its last year 294276, as the sink stores it: the rule of
/// <c>Betting.Debezium.PostgresTime</c> in SQL.
/// </summary>
static class StoredTime
{
    // The last moment that is stored as it is; later ones become this one. Behind it extract() rounds, and 64 bits overflow.
    const string Last = "timestamptz '294247-01-10 04:00:54.775806Z'";

    // PostgreSQL's JDBC driver has this moment for infinity of a timestamp, so the sink reads it as infinity.
    const string DriverInfinity = "timestamptz '294247-01-10 04:00:25.2Z'";

    /// <summary>Microseconds since 1970 UTC, a bigint; its ends at the two infinities, NULL of NULL.</summary>
    /// <param name="time">An expression of type <c>timestamptz</c>.</param>
    public static string Micros(string time) =>
        $"""
            CASE WHEN {time} IS NULL THEN NULL WHEN {time} IN ('infinity', {DriverInfinity}) THEN 9223372036854775807
                 WHEN {time} = '-infinity' THEN (-9223372036854775808)::bigint
                 ELSE (extract(epoch FROM least({time}, {Last})) * 1000000)::bigint END
            """;

    /// <summary>
    /// The UTC day, counted from 1970, a bigint; NULL at the two infinities. A division of extract() would round up at the end of a
    /// late day.
    /// </summary>
    /// <inheritdoc cref="Micros"/>
    public static string Day(string time) =>
        $"""
            CASE WHEN isfinite({time}) AND {time} <> {DriverInfinity}
                 THEN ((least({time}, {Last}) AT TIME ZONE 'UTC')::date - date '1970-01-01')::bigint END
            """;
}
