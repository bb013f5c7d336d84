using System.Globalization;
using ClickHouse.Driver;

namespace Betting.Schema;

/// <summary>What is wrong with a table or view of the schema.</summary>
public enum SchemaFaultKind
{
    /// <summary>ClickHouse does not have it.</summary>
    Missing,

    /// <summary>ClickHouse has it, and its metadata file is empty.</summary>
    EmptyFile,

    /// <summary>It is a view with another query, or one that fills another table, than the newest file says.</summary>
    OtherDefinition,

    /// <summary>It is a table in place of a view, or a view of another kind.</summary>
    OtherObject,
}

/// <summary>A table or view of the schema that is lost or differs.</summary>
/// <param name="Lost">Which.</param>
/// <param name="Kind">What is wrong with it.</param>
public sealed record SchemaFault(SchemaObject Lost, SchemaFaultKind Kind)
{
    /// <summary>True if ClickHouse does not have it.</summary>
    public bool IsMissing => Kind == SchemaFaultKind.Missing;

    /// <summary>The fault in a few words.</summary>
    public string Text =>
        Kind switch
        {
            SchemaFaultKind.Missing => $"{Lost.Name} is missing",
            SchemaFaultKind.EmptyFile => $"the metadata file of {Lost.Name} is empty, so ClickHouse will not start again",
            SchemaFaultKind.OtherDefinition => $"{Lost.Name} is not defined as in this version's files",
            _ => $"{Lost.Name} is not the kind of table or view that this version's files create",
        };
}

/// <summary>Compares the tables and views that a database has with those of the schema.</summary>
public static class SchemaCheck
{
    /// <summary>Where an operator reads what to do.</summary>
    public const string Runbook = "docs/runbooks/cdcsink.md#a-table-or-view-of-clickhouse-is-lost";

    /// <summary>True where every numbered file of this program was applied: a table that is missing then was there, and is lost.</summary>
    public static async Task<bool> IsAppliedAsync(ClickHouseClient client, CancellationToken cancellation)
    {
        const string Sql = $"SELECT count() FROM system.tables WHERE database = currentDatabase() AND name = '{SchemaRecord.Table}'";
        if (Convert.ToInt64(await client.ExecuteScalarAsync(Sql, cancellationToken: cancellation), CultureInfo.InvariantCulture) == 0)
        {
            return false;
        }
        var recorded = await new SchemaRecord(client).ReadAsync(cancellation);
        return SchemaFile.All.Where(file => file.IsNumbered).All(file => recorded.ContainsKey(file.Name));
    }

    /// <summary>Returns the faults, in the order of the objects; empty where everything is there.</summary>
    /// <remarks>
    /// Asks the connected server alone. The server reads <c>create_table_query</c> from the metadata file each time, so a file that was
    /// emptied is seen while the server still works with the definition that it has in memory.
    /// </remarks>
    public static async Task<IReadOnlyList<SchemaFault>> FaultsAsync(
        ClickHouseClient client,
        IEnumerable<SchemaObject> objects,
        CancellationToken cancellation
    )
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
            .. objects
                .Where(each => !isDefined.GetValueOrDefault(each.Name))
                .Select(each => new SchemaFault(
                    each,
                    isDefined.ContainsKey(each.Name) ? SchemaFaultKind.EmptyFile : SchemaFaultKind.Missing
                )),
        ];
    }
}
