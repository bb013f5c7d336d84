using ClickHouse.Driver;

namespace Betting.Schema;

/// <summary>
/// Compares the views of a database with the statements that define them. Two processes that migrate at once, or a hand, can leave a view as
/// an older file defines it, which no record of applied files tells.
/// </summary>
/// <remarks>
/// The server writes both sides: a stored view's query, which it has parsed, with the database's name before each table; and the query of the
/// statement, which <c>formatQuerySingleLine</c> parses and writes without running it.
/// </remarks>
/// <param name="client">The database.</param>
/// <param name="objects">What should be there. What is missing is left to <see cref="SchemaCheck"/>.</param>
public sealed class ViewCheck(ClickHouseClient client, IReadOnlyList<SchemaObject> objects)
{
    Dictionary<string, ViewDefinition>? _expected;

    /// <summary>Returns what differs, in the order of the objects; empty where nothing does.</summary>
    /// <exception cref="SchemaException">The server cannot parse a statement of the schema.</exception>
    public async Task<IReadOnlyList<SchemaFault>> FaultsAsync(CancellationToken cancellation)
    {
        var hadExpected = _expected is not null;
        _expected ??= await ExpectedAsync(cancellation);
        var faults = await FaultsAsync(_expected, cancellation);
        if (faults.Count == 0 || !hadExpected)
        {
            return faults;
        }
        // The server may be another version than before, which writes queries in another way.
        _expected = await ExpectedAsync(cancellation);
        return await FaultsAsync(_expected, cancellation);
    }

    async Task<List<SchemaFault>> FaultsAsync(Dictionary<string, ViewDefinition> expected, CancellationToken cancellation)
    {
        var faults = new Dictionary<string, SchemaFaultKind>(StringComparer.Ordinal);
        await using var reader = await client.ExecuteReaderAsync("""
            SELECT name, engine, create_table_query, if(as_select = '', '', ifNull(formatQuerySingleLineOrNull(as_select), '')), currentDatabase()
            FROM system.tables WHERE database = currentDatabase() AND create_table_query != ''
            """, cancellationToken: cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            string[] databases = [Quoted(reader.GetString(4)), reader.GetString(4)];
            if (expected.TryGetValue(reader.GetString(0), out var wanted))
            {
                var found = ViewDefinition.OfServer(reader.GetString(1), reader.GetString(2), reader.GetString(3), databases).Without(databases);
                if (found != wanted.Without(databases))
                {
                    faults[reader.GetString(0)] = found.What == wanted.What ? SchemaFaultKind.OtherDefinition : SchemaFaultKind.OtherObject;
                }
            }
        }
        return [.. objects.Where(each => faults.ContainsKey(each.Name)).Select(each => new SchemaFault(each, faults[each.Name]))];
    }

    async Task<Dictionary<string, ViewDefinition>> ExpectedAsync(CancellationToken cancellation)
    {
        var definitions = objects.ToDictionary(each => each.Name, each => ViewDefinition.OfStatement(each.Statement), StringComparer.Ordinal);
        var views = definitions.Where(each => each.Value.Query.Length > 0).Select(each => each.Key).ToList();
        var literals = string.Join(", ", views.Select(name => Literal(definitions[name].Query)));
        var written = (string[])(await client.ExecuteScalarAsync(
            $"SELECT arrayMap(query -> ifNull(formatQuerySingleLineOrNull(query), ''), [{literals}])", cancellationToken: cancellation))!;
        foreach (var (name, query) in views.Zip(written))
        {
            definitions[name] = query.Length > 0
                ? definitions[name] with { Query = query }
                : throw new SchemaException($"ClickHouse cannot parse the query of {name}: is its version older than 25.6?");
        }
        return definitions;
    }

    // As the server quotes a name where it has to.
    static string Quoted(string name) => $"`{name.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("`", "\\`", StringComparison.Ordinal)}`";

    static string Literal(string text) =>
        $"'{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";
}
