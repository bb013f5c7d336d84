using ClickHouse.Driver;

namespace Betting.Schema;

/// <summary>
/// Compares the views of a database with the statements that define them. Two processes that migrate at once, or a hand, can leave a view
/// as an older file defines it, which no record of applied files tells.
/// </summary>
/// <remarks>
/// The server writes both sides: a stored view's query, which it has parsed, with the database's name before each table; and the query of
/// the statement, which <c>formatQuerySingleLine</c> parses and writes without running it. What differs so is stored once more to be sure.
/// </remarks>
/// <param name="client">The database.</param>
/// <param name="objects">What should be there. What is missing is left to <see cref="SchemaCheck"/>.</param>
public sealed class ViewCheck(ClickHouseClient client, IReadOnlyList<SchemaObject> objects)
{
    const string WrittenQuery = "if(as_select = '', '', ifNull(formatQuerySingleLineOrNull(as_select), ''))";

    /// <summary>Returns what differs, in the order of the objects; empty where nothing does.</summary>
    /// <exception cref="SchemaException">The server cannot parse a statement of the schema.</exception>
    public async Task<IReadOnlyList<SchemaFault>> FaultsAsync(CancellationToken cancellation)
    {
        var faults = new List<SchemaFault>();
        foreach (var (fault, stored) in await SuspectsAsync(await ExpectedAsync(cancellation), cancellation))
        {
            if (fault.Kind == SchemaFaultKind.OtherObject || !await IsSameAsync(fault.Lost, stored, cancellation))
            {
                faults.Add(fault);
            }
        }
        return faults;
    }

    /// <summary>
    /// A server stores some queries in another form than that in which it writes them, and each version has its own. So it is asked to
    /// store the statement's query once more, as a view that nobody reads.
    /// </summary>
    async Task<bool> IsSameAsync(SchemaObject wanted, ViewDefinition stored, CancellationToken cancellation)
    {
        var expected = ViewDefinition.OfStatement(wanted.Statement);
        var probe = $"schema_probe_{Guid.NewGuid():N}";
        try
        {
            await client.ExecuteNonQueryAsync($"CREATE VIEW {probe} AS {expected.Query}", cancellationToken: cancellation);
            await using var reader = await client.ExecuteReaderAsync(
                $"SELECT {WrittenQuery}, currentDatabase() FROM system.tables WHERE database = currentDatabase() AND name = '{probe}'",
                cancellationToken: cancellation
            );
            return await reader.ReadAsync(cancellation)
                && (expected with { Query = reader.GetString(0) }).Without(Names(reader.GetString(1))) == stored;
        }
        finally
        {
            await client.ExecuteNonQueryAsync($"DROP VIEW IF EXISTS {probe}", cancellationToken: CancellationToken.None);
        }
    }

    async Task<List<(SchemaFault Fault, ViewDefinition Stored)>> SuspectsAsync(
        Dictionary<string, ViewDefinition> expected,
        CancellationToken cancellation
    )
    {
        var suspects = new Dictionary<string, (SchemaFaultKind Kind, ViewDefinition Stored)>(StringComparer.Ordinal);
        await using var reader = await client.ExecuteReaderAsync(
            $"""
            SELECT name, engine, create_table_query, {WrittenQuery}, currentDatabase()
            FROM system.tables WHERE database = currentDatabase() AND create_table_query != ''
            """,
            cancellationToken: cancellation
        );
        while (await reader.ReadAsync(cancellation))
        {
            var databases = Names(reader.GetString(4));
            if (expected.TryGetValue(reader.GetString(0), out var wanted))
            {
                var stored = ViewDefinition
                    .OfServer(reader.GetString(1), reader.GetString(2), reader.GetString(3), databases)
                    .Without(databases);
                if (stored != wanted.Without(databases))
                {
                    suspects[reader.GetString(0)] = (
                        stored.What == wanted.What ? SchemaFaultKind.OtherDefinition : SchemaFaultKind.OtherObject,
                        stored
                    );
                }
            }
        }
        return
        [
            .. objects
                .Where(each => suspects.ContainsKey(each.Name))
                .Select(each => (new SchemaFault(each, suspects[each.Name].Kind), suspects[each.Name].Stored)),
        ];
    }

    async Task<Dictionary<string, ViewDefinition>> ExpectedAsync(CancellationToken cancellation)
    {
        var definitions = objects.ToDictionary(
            each => each.Name,
            each => ViewDefinition.OfStatement(each.Statement),
            StringComparer.Ordinal
        );
        var views = definitions.Where(each => each.Value.Query.Length > 0).Select(each => each.Key).ToList();
        var literals = string.Join(", ", views.Select(name => Literal(definitions[name].Query)));
        var written = (string[])
            (
                await client.ExecuteScalarAsync(
                    $"SELECT arrayMap(query -> ifNull(formatQuerySingleLineOrNull(query), ''), [{literals}])",
                    cancellationToken: cancellation
                )
            )!;
        foreach (var (name, query) in views.Zip(written))
        {
            definitions[name] =
                query.Length > 0
                    ? definitions[name] with
                    {
                        Query = query,
                    }
                    : throw new SchemaException($"ClickHouse cannot parse the query of {name}: is its version older than 25.6?");
        }
        return definitions;
    }

    static string[] Names(string database) => [Quoted(database), database];

    // As the server quotes a name where it has to.
    static string Quoted(string name) =>
        $"`{name.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("`", "\\`", StringComparison.Ordinal)}`";

    static string Literal(string text) =>
        $"'{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";
}
