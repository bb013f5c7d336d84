namespace Betting.Reconciler.Compare;

/// <summary>
/// One column as text, alike on both sides. NULL is <c>~</c>; a string is prefixed by its length in bytes, so that no value can run
/// into the next; money has two decimals, times are microseconds since 1970.
/// </summary>
/// <param name="Name">As BI knows it, and as ClickHouse's source has it.</param>
/// <param name="Postgres">Over PostgreSQL's source.</param>
/// <param name="ClickHouse">Over ClickHouse's source.</param>
sealed record Column(string Name, string Postgres, string ClickHouse)
{
    public static Column Text(string name, string postgres) =>
        new(
            name,
            $"coalesce(octet_length({postgres}) || ':' || {postgres}, '0:')",
            $"concat(toString(length({name})), ':', toString({name}))"
        );

    // A concat with a NULL would be NULL and vanish from the sum: hence the mark. toString of a Decimal drops zeros.
    public static Column Money(string name, string postgres) =>
        new(name, $"coalesce({postgres}::text, '~')", $"if(isNull({name}), '~', toDecimalString(assumeNotNull({name}), 2))");

    public static Column Time(string name, string postgres) =>
        new(
            name,
            $"coalesce({StoredTime.Micros(postgres)}::text, '~')",
            $"if(isNull({name}), '~', toString(toUnixTimestamp64Micro(assumeNotNull({name}))))"
        );

    /// <summary>The first half of the MD5 of a row's text as a signed 64-bit number, in PostgreSQL.</summary>
    public static string PostgresHash(IEnumerable<Column> columns) =>
        $"('x' || left(md5({string.Join(" || '|' || ", columns.Select(column => column.Postgres))}), 16))::bit(64)::bigint";

    /// <summary>The same in ClickHouse.</summary>
    public static string ClickHouseHash(IEnumerable<Column> columns) =>
        $"reinterpretAsInt64(halfMD5(concat({string.Join(", '|', ", columns.Select(column => column.ClickHouse))})))";
}
