using ClickHouse.Driver;

namespace Betting.Schema;

/// <summary>A table or view of the schema that is lost.</summary>
/// <param name="Lost">Which.</param>
/// <param name="IsMissing">True if ClickHouse does not have it; false if ClickHouse has it and its metadata file is empty.</param>
public sealed record SchemaFault(SchemaObject Lost, bool IsMissing)
{
    /// <summary>The fault in a few words.</summary>
    public string Text => IsMissing
        ? $"{Lost.Name} is missing"
        : $"the metadata file of {Lost.Name} is empty, so ClickHouse will not start again";
}

/// <summary>Compares a database with the schema.</summary>
public static class SchemaCheck
{
    /// <summary>Where an operator reads what to do.</summary>
    public const string Runbook = "docs/runbooks/cdcsink.md#a-table-or-view-of-clickhouse-is-lost";

    /// <summary>Returns the faults, in the order of the objects; empty where everything is there.</summary>
    /// <remarks>
    /// Asks the connected server alone. The server reads <c>create_table_query</c> from the metadata file each time, so a file that was
    /// emptied is seen while the server still works with the definition that it has in memory.
    /// </remarks>
    public static async Task<IReadOnlyList<SchemaFault>> FaultsAsync(
        ClickHouseClient client, IEnumerable<SchemaObject> objects, CancellationToken cancellation)
    {
        var isDefined = new Dictionary<string, bool>(StringComparer.Ordinal);
        const string Sql = "SELECT name, toBool(create_table_query != '') FROM system.tables WHERE database = currentDatabase()";
        await using var reader = await client.ExecuteReaderAsync(Sql, cancellationToken: cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            isDefined[reader.GetString(0)] = reader.GetBoolean(1);
        }
        return
        [
            .. objects.Where(each => !isDefined.GetValueOrDefault(each.Name))
                .Select(each => new SchemaFault(each, IsMissing: !isDefined.ContainsKey(each.Name))),
        ];
    }
}
