using System.Text.RegularExpressions;

namespace Betting.Schema;

/// <summary>The tables and views that statements of the schema leave behind.</summary>
public static partial class SchemaObjects
{
    /// <summary>All of them for one server. Their names exist on a cluster too.</summary>
    public static IReadOnlyList<SchemaObject> OfOneServer { get; } = Of(ClickHouseMigrator.Script(null));

    /// <summary>What is there after these statements have run in their order, in the order in which it was last created.</summary>
    public static IReadOnlyList<SchemaObject> Of(IEnumerable<string> statements)
    {
        var objects = new List<SchemaObject>();
        foreach (var statement in statements)
        {
            if (Created().Match(statement) is { Success: true } created)
            {
                objects.RemoveAll(each => each.Name == created.Groups["name"].Value);
                objects.Add(Read(created, statement));
            }
            else if (Dropped().Match(statement) is { Success: true } dropped)
            {
                objects.RemoveAll(each => each.Name == dropped.Groups["name"].Value);
            }
        }
        var filled = objects.Select(each => each.Fills).OfType<string>().ToHashSet(StringComparer.Ordinal);
        return [.. objects.Select(each => filled.Contains(each.Name) ? each with { Kind = SchemaObjectKind.Summary } : each)];
    }

    /// <summary>The names that these statements create or drop.</summary>
    internal static HashSet<string> NamesIn(IEnumerable<string> statements) =>
        statements
            .SelectMany(statement => new[] { Created().Match(statement), Dropped().Match(statement) })
            .Where(match => match.Success)
            .Select(match => match.Groups["name"].Value)
            .ToHashSet(StringComparer.Ordinal);

    static SchemaObject Read(Match created, string statement)
    {
        var (name, what) = (created.Groups["name"].Value, created.Groups["what"].Value);
        if (what != "MATERIALIZED VIEW")
        {
            return new SchemaObject(name, what == "TABLE" ? SchemaObjectKind.Table : SchemaObjectKind.View, statement, null);
        }
        var refresh = Refresh().Match(created.Groups["rest"].Value);
        return new SchemaObject(
            name,
            refresh.Success ? SchemaObjectKind.Summary : SchemaObjectKind.Feed,
            statement,
            refresh.Groups["target"] is { Success: true } target ? target.Value : null
        );
    }

    [GeneratedRegex(
        @"^(?:--[^\n]*\n|\s)*CREATE (?:OR REPLACE )?(?<what>TABLE|VIEW|MATERIALIZED VIEW) (?:IF NOT EXISTS )?(?<name>\w+)(?<rest>.*)$",
        RegexOptions.Singleline
    )]
    private static partial Regex Created();

    [GeneratedRegex(@"^(?:--[^\n]*\n|\s)*DROP (?:TABLE|VIEW) (?:IF EXISTS )?(?<name>\w+)")]
    private static partial Regex Dropped();

    [GeneratedRegex(@"^\s*(?:ON CLUSTER `[^`]+`\s*)?REFRESH (?:EVERY|AFTER) \d+ \w+(?:\s+TO (?<target>\w+))?")]
    private static partial Regex Refresh();
}
