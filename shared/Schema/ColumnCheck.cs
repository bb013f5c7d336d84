using System.Text.RegularExpressions;
using ClickHouse.Driver;

namespace Betting.Schema;

/// <summary>
/// Compares the columns that tables and views have with those of the schema: every column of this version has a comment in
/// <c>comments.sql</c>.
/// </summary>
static partial class ColumnCheck
{
    /// <exception cref="SchemaException">A table or view lacks some.</exception>
    public static async Task RequireAsync(ClickHouseClient client, string? cluster, CancellationToken cancellation)
    {
        var present = new HashSet<(string, string)>();
        const string Sql = "SELECT table, name FROM system.columns WHERE database = currentDatabase()";
        await using var rows = await client.ExecuteReaderAsync(Sql, cancellationToken: cancellation);
        while (await rows.ReadAsync(cancellation))
        {
            present.Add((rows.GetString(0), rows.GetString(1)));
        }
        var lacking = SchemaFile
            .All.Where(file => !file.IsNumbered)
            .SelectMany(file => file.Statements(cluster))
            .SelectMany(ColumnsIn)
            .Where(column => !present.Contains(column))
            .ToLookup(column => column.Table, column => column.Column);
        if (lacking.Count > 0)
        {
            throw new SchemaException(
                $"{string.Join("; ", lacking.Select(each => $"{each.Key} lacks the columns {string.Join(", ", each)}"))}. It is not "
                    + $"as this version's files make it. What to do: {SchemaCheck.Runbook}"
            );
        }
    }

    static IEnumerable<(string Table, string Column)> ColumnsIn(string statement) =>
        Altered().Match(statement) is { Success: true } table
            ? Commented().Matches(statement).Select(column => (table.Groups[1].Value, column.Groups[1].Value))
            : [];

    [GeneratedRegex(@"^(?:--[^\n]*\n|\s)*ALTER TABLE (\w+)\b")]
    private static partial Regex Altered();

    [GeneratedRegex(@"\bCOMMENT COLUMN (\w+) '")]
    private static partial Regex Commented();
}
