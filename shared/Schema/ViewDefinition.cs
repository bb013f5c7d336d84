using System.Text.RegularExpressions;

namespace Betting.Schema;

/// <summary>What a table or view of a database is, as far as views are compared.</summary>
/// <param name="What"><c>VIEW</c>, <c>MATERIALIZED VIEW</c> or <c>TABLE</c>.</param>
/// <param name="Target">Of a materialized view, the table that it fills; else empty.</param>
/// <param name="Query">Of a view, its query on one line, as the server writes it; else empty.</param>
public sealed partial record ViewDefinition(string What, string Target, string Query)
{
    static readonly ViewDefinition Table = new("TABLE", "", "");

    /// <summary>What a statement of the schema creates, with the query as the statement has it.</summary>
    public static ViewDefinition OfStatement(string statement) =>
        Created().Match(statement) is { Success: true } created
            ? new ViewDefinition(
                created.Groups["what"].Value,
                TargetOf().Match(created.Groups["head"].Value).Groups["target"].Value,
                created.Groups["query"].Value
            )
            : Table;

    /// <summary>What the server has.</summary>
    /// <param name="engine"><c>system.tables.engine</c>.</param>
    /// <param name="statement"><c>system.tables.create_table_query</c>.</param>
    /// <param name="query"><c>system.tables.as_select</c> on one line.</param>
    /// <param name="databases">The database's name, quoted and not: a quoted one may contain a space.</param>
    public static ViewDefinition OfServer(string engine, string statement, string query, IReadOnlyList<string> databases) =>
        engine switch
        {
            "View" => new ViewDefinition("VIEW", "", query),
            "MaterializedView" => new ViewDefinition(
                "MATERIALIZED VIEW",
                TargetOf().Match(Plain(statement, databases)).Groups["target"].Value,
                query
            ),
            _ => Table,
        };

    /// <summary>
    /// The same without the names of the database, which the server adds, and without what tells the table of one shard from the table of
    /// all.
    /// </summary>
    /// <param name="databases">The database's name, quoted and not.</param>
    public ViewDefinition Without(IReadOnlyList<string> databases) =>
        this with
        {
            Target = Plain(Target, databases),
            Query = Plain(Query, databases),
        };

    static string Plain(string text, IReadOnlyList<string> databases) =>
        OfOneShard()
            .Replace(databases.Aggregate(text, (rest, database) => rest.Replace(database + ".", "", StringComparison.Ordinal)), "$1");

    [GeneratedRegex(
        @"^(?:--[^\n]*\n|\s)*CREATE (?:OR REPLACE )?(?<what>MATERIALIZED VIEW|VIEW) (?:IF NOT EXISTS )?\w+\s"
            + @"(?<head>.*?)\bAS\s+(?<query>(?:SELECT|WITH)\b.*)$",
        RegexOptions.Singleline
    )]
    private static partial Regex Created();

    [GeneratedRegex(@"\bTO (?<target>\S+)")]
    private static partial Regex TargetOf();

    [GeneratedRegex(@"\b(\w+)_local\b")]
    private static partial Regex OfOneShard();
}
