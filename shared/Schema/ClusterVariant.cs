using System.Text.RegularExpressions;

namespace Betting.Schema;

/// <summary>
/// The same schema for a cluster of ClickHouse servers: what one server's statement becomes. Bets are sharded by their id and
/// replicated within a shard; everything else stands on every server, so that a shard joins its bets by itself. Names stay as
/// they are: queries and workers do not know which variant they run on.
/// </summary>
/// <remarks>Statements that it does not know are refused, so a new numbered file cannot be silently wrong on a cluster.</remarks>
sealed partial class ClusterVariant(string cluster)
{
    /// <summary>Tables whose rows are spread over the shards, by what decides where a row goes.</summary>
    static readonly Dictionary<string, string> Sharded = new(StringComparer.Ordinal)
    {
        ["bet_changes"] = "intHash64(id)",
        ["bets_by_user"] = "intHash64(bet_id)",
        ["bets_by_event"] = "intHash64(bet_id)",
        ["bets_analytics_rows"] = "intHash64(bet_id)",
    };

    /// <summary>
    /// Tables that a refreshable view of each server fills and swaps in: ClickHouse refuses to do that with a replicated table.
    /// </summary>
    static readonly HashSet<string> EachServersOwn = new(StringComparer.Ordinal)
    {
        "summary_by_hour",
        "summary_by_day",
        "summary_by_month",
    };

    // One table on every server: one path for all shards, and a replica's name that is its own in all of them.
    const string Everywhere = "'/clickhouse/tables/{uuid}/all', '{shard}-{replica}'";
    const string InItsShard = "'/clickhouse/tables/{uuid}/{shard}', '{replica}'";

    readonly string _on = $"ON CLUSTER {ClickHouseMigrator.Quoted(cluster)}";

    /// <returns>What to run instead, in order, on any server of the cluster.</returns>
    /// <exception cref="SchemaException">The statement is of a kind that has no form for a cluster here.</exception>
    public IEnumerable<string> Of(string statement) =>
        Body().Match(statement) is { Success: true } body
            ? Of(body.Groups["comments"].Value, body.Groups["sql"].Value)
            : throw Unknown(statement);

    IEnumerable<string> Of(string comments, string sql)
    {
        if (CreateTable().Match(sql) is { Success: true } table)
        {
            return Table(
                comments,
                table.Groups["head"].Value,
                table.Groups["name"].Value,
                table.Groups["columns"].Value,
                table.Groups["engine"].Value,
                table.Groups["arguments"].Value,
                table.Groups["rest"].Value
            );
        }
        if (Feed().Match(sql) is { Success: true } feed)
        {
            return
            [
                comments
                    + $"CREATE MATERIALIZED VIEW IF NOT EXISTS {feed.Groups["name"].Value} {_on} TO "
                    + $"{Local(feed.Groups["target"].Value)}\n"
                    + FromTable().Replace(feed.Groups["query"].Value, from => "FROM " + Local(from.Groups["name"].Value)),
            ];
        }
        if (Alter().Match(sql) is { Success: true } alter)
        {
            var (name, change) = (alter.Groups["name"].Value, alter.Groups["change"].Value);
            var where = comments + $"ALTER TABLE {Local(name)} {_on} {change}";
            // What says where rows are spread has columns as they have, and nothing else of theirs.
            return Sharded.ContainsKey(name) && Columns().IsMatch(change) ? [where, $"ALTER TABLE {name} {_on} {change}"] : [where];
        }
        if (NamedThing().Match(sql) is { Success: true } named)
        {
            return [comments + $"{named.Groups["head"].Value}{named.Groups["name"].Value} {_on}{named.Groups["rest"].Value}"];
        }
        if (Exchange().IsMatch(sql))
        {
            return [comments + $"{sql} {_on}"];
        }
        return sql.StartsWith("INSERT INTO ", StringComparison.Ordinal) ? [comments + sql] : throw Unknown(sql);
    }

    IEnumerable<string> Table(string comments, string head, string name, string columns, string engine, string arguments, string rest)
    {
        if (EachServersOwn.Contains(name))
        {
            yield return comments + $"{head}{name} {_on}{columns}ENGINE = {engine}{(arguments.Length > 0 ? $"({arguments})" : "")}{rest}";
            yield break;
        }
        var place = Sharded.ContainsKey(name) ? InItsShard : Everywhere;
        var replicated = $"Replicated{engine}({place}{(arguments.Length > 0 ? ", " + arguments : "")})";
        yield return comments + $"{head}{Local(name)} {_on}{columns}ENGINE = {replicated}{rest}";
        if (Sharded.TryGetValue(name, out var key))
        {
            yield return $"{head}{name} {_on} AS {Local(name)}\nENGINE = Distributed({ClickHouseMigrator.Quoted(cluster)}, "
                + $"currentDatabase(), '{Local(name)}', {key})";
        }
    }

    /// <summary>The table that holds a shard's rows, for one that is spread over shards; else itself.</summary>
    public static string Local(string name) => Sharded.ContainsKey(name) ? name + "_local" : name;

    static SchemaException Unknown(string statement) =>
        new($"No form for a cluster is known of: {statement.ReplaceLineEndings(" ")[..Math.Min(120, statement.Length)]}");

    [GeneratedRegex(@"^(?<comments>(?:--[^\n]*\n|\s)*)(?<sql>.+)$", RegexOptions.Singleline)]
    private static partial Regex Body();

    [GeneratedRegex(
        @"^(?<head>CREATE (?:OR REPLACE )?TABLE (?:IF NOT EXISTS )?)(?<name>\w+)(?<columns>\s*\(.*\)\s*)"
            + @"ENGINE = (?<engine>\w*MergeTree)(?:\((?<arguments>[^)]*)\))?(?<rest>.*)$",
        RegexOptions.Singleline
    )]
    private static partial Regex CreateTable();

    [GeneratedRegex(@"^CREATE MATERIALIZED VIEW IF NOT EXISTS (?<name>\w+) TO (?<target>\w+)\s+(?<query>AS .*)$", RegexOptions.Singleline)]
    private static partial Regex Feed();

    [GeneratedRegex(@"\bFROM (?<name>\w+)")]
    private static partial Regex FromTable();

    [GeneratedRegex(@"^ALTER TABLE (?<name>\w+)\s+(?<change>.*)$", RegexOptions.Singleline)]
    private static partial Regex Alter();

    [GeneratedRegex(@"^(?:ADD|DROP|MODIFY|RENAME|COMMENT) COLUMN ")]
    private static partial Regex Columns();

    // Views, also refreshed ones, whose table is each server's own; and what is dropped.
    [GeneratedRegex(
        @"^(?<head>CREATE (?:OR REPLACE )?VIEW (?:IF NOT EXISTS )?|CREATE MATERIALIZED VIEW IF NOT EXISTS |"
            + @"DROP (?:TABLE|VIEW) (?:IF EXISTS )?)(?<name>\w+)(?<rest>$|\s.*$)",
        RegexOptions.Singleline
    )]
    private static partial Regex NamedThing();

    [GeneratedRegex(@"^EXCHANGE TABLES \w+ AND \w+$")]
    private static partial Regex Exchange();
}
