using Npgsql;

namespace Betting.Local.Capture.Source;

/// <summary>Reads from PostgreSQL's catalog what the replication stream does not say: primary keys, NOT NULL, defaults.</summary>
/// <remarks>
/// The stream is of the past and the catalog of now; where a column has gone meanwhile, what is known of it is its name and its
/// type. The real connector looks in the same place with the same limit.
/// </remarks>
public sealed class Catalog(NpgsqlDataSource source, CaptureOptions options)
{
    const string ColumnsOf = """
        select a.attname, a.attnum, a.attnotnull, t.typname, t.typtype,
               pg_get_expr(d.adbin, d.adrelid),
               case when t.typname = 'numeric' and a.atttypmod > 0 then (a.atttypmod - 4) & 65535 end,
               coalesce(array_position(i.indkey::int2[], a.attnum) + 1, 0) -- an int2vector counts from 0
        from pg_attribute a
        join pg_type t on t.oid = a.atttypid
        left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum and a.attgenerated = ''
        left join pg_index i on i.indrelid = a.attrelid and i.indisprimary
        where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
        order by a.attnum
        """;

    /// <summary>The table as it is now.</summary>
    /// <exception cref="CaptureFaultException">It is not there, not published, or has a column that cannot be captured.</exception>
    public async Task<(Table Table, uint Oid)> TableAsync(NpgsqlConnection connection, string fullName, CancellationToken stop)
    {
        string[] parts = fullName.Split('.');
        await using var find = new NpgsqlCommand(
            """
            select c.oid, exists (select from pg_publication_tables p where p.pubname = $3 and p.schemaname = n.nspname and p.tablename = c.relname)
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = $1 and c.relname = $2
            """,
            connection
        )
        {
            Parameters =
            {
                new() { Value = parts[0] },
                new() { Value = parts[1] },
                new() { Value = options.Publication },
            },
        };
        uint oid;
        await using (var reader = await find.ExecuteReaderAsync(stop))
        {
            if (!await reader.ReadAsync(stop))
                throw new CaptureFaultException($"table {fullName} is not there");
            if (!reader.GetBoolean(1))
                throw new CaptureFaultException(
                    $"table {fullName} is not in publication {options.Publication}: its changes would never come"
                );
            oid = reader.GetFieldValue<uint>(0);
        }
        var columns = await ColumnsAsync(connection, oid, stop);
        return (Build(parts[0], parts[1], [.. columns.Values.Select(known => (known.Name, known.Type))], columns), oid);
    }

    /// <summary>The table of a Relation message: columns as the stream has them, the rest from the catalog.</summary>
    public async Task<Table> TableAsync(
        uint oid,
        string schema,
        string name,
        IReadOnlyList<(string Name, uint Type)> columns,
        CancellationToken stop
    )
    {
        await using var connection = await source.OpenConnectionAsync(stop);
        var known = await ColumnsAsync(connection, oid, stop);
        var described = new List<(string, string)>();
        foreach (var (column, type) in columns)
            described.Add((column, known.TryGetValue(column, out var now) ? now.Type : await TypeAsync(connection, type, stop)));
        return Build(schema, name, described, known);
    }

    Table Build(string schema, string name, IReadOnlyList<(string Name, string Type)> columns, Dictionary<string, KnownColumn> known)
    {
        var described = new List<Column>();
        var key = new List<(int Place, int Position)>();
        foreach (var (column, type) in columns)
        {
            var now = known.GetValueOrDefault(column);
            var form = ColumnTypes.Form(type)
                ?? throw new CaptureFaultException(
                    $"column {schema}.{name}.{column} is of type {type}, which this stand-in cannot capture"
                );
            if (now is { KeyPlace: > 0 })
                key.Add((now.KeyPlace, described.Count));
            described.Add(new Column(column, form, ColumnDefaults.NullJson(form, now?.NotNull ?? false, now?.Default, now?.Scale)));
        }
        return new Table(schema, name, $"{options.Prefix}.{schema}.{name}", described, [.. key.Order().Select(part => part.Position)]);
    }

    static async Task<Dictionary<string, KnownColumn>> ColumnsAsync(NpgsqlConnection connection, uint oid, CancellationToken stop)
    {
        await using var command = new NpgsqlCommand(ColumnsOf, connection)
        {
            Parameters =
            {
                new() { Value = oid, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Oid },
            },
        };
        await using var reader = await command.ExecuteReaderAsync(stop);
        var columns = new Dictionary<string, KnownColumn>();
        while (await reader.ReadAsync(stop))
        {
            string type = reader.GetChar(4) == 'e' ? ColumnTypes.Enumeration : reader.GetString(3);
            columns.Add(
                reader.GetString(0),
                new KnownColumn(
                    reader.GetString(0),
                    type,
                    reader.GetBoolean(2),
                    reader.IsDBNull(5) ? null : reader.GetString(5),
                    reader.IsDBNull(6) ? null : reader.GetInt32(6),
                    reader.GetInt32(7)
                )
            );
        }
        return columns;
    }

    static async Task<string> TypeAsync(NpgsqlConnection connection, uint type, CancellationToken stop)
    {
        await using var command = new NpgsqlCommand(
            "select case typtype when 'e' then 'enum' else typname end from pg_type where oid = $1",
            connection
        )
        {
            Parameters =
            {
                new() { Value = type, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Oid },
            },
        };
        return await command.ExecuteScalarAsync(stop) as string ?? $"oid {type}";
    }

    sealed record KnownColumn(string Name, string Type, bool NotNull, string? Default, int? Scale, int KeyPlace);
}
