using System.Security.Cryptography;
using System.Text;

namespace Betting.Schema;

/// <summary>
/// Who uses ClickHouse besides the schema's owner, and what they may do: the sink writes its own tables, the Reconciler asks for
/// runs, readers read. Nobody of them makes, changes or drops anything; <c>migrate</c> and <c>rebuild</c> are the owner's.
/// </summary>
public static class ClickHouseUsers
{
    // What views feed (bets_by_user, bets_by_event, summaries) is written with the rights of the views' owner.
    static readonly Dictionary<string, string[]> Inserts = new(StringComparer.Ordinal)
    {
        ["sink"] =
        [
            "user_changes",
            "event_changes",
            "bet_changes",
            "truncations",
            "snapshot_markers",
            "bets_analytics_rows",
            "sink_progress",
            "fences",
            "watermarks",
            "visible_watermarks",
            "last_watermarks",
            "clock_jumps",
            "commit_seconds",
            "dead_letters",
            "rewinds",
            "reconciliation_requests",
        ],
        ["reconciler"] = ["reconciliation_requests"],
        ["reader"] = [],
    };

    // A server reads grants for these too (select_from_system_db_requires_grant, on in the configuration that it ships with);
    // tables, columns, databases and settings of the database system are open to everybody.
    static readonly Dictionary<string, string[]> SystemTables = new(StringComparer.Ordinal)
    {
        ["sink"] = ["disks", "parts"],
        ["reconciler"] = [],
        ["reader"] = ["view_refreshes"],
    };

    // Who refreshes summaries before their time.
    static readonly HashSet<string> Refreshes = new(StringComparer.Ordinal) { "sink" };

    public static IEnumerable<string> Names => Inserts.Keys;

    /// <summary>Tables that a user inserts into; it reads all of the database.</summary>
    /// <param name="user">One of <see cref="Names"/>.</param>
    public static IReadOnlyList<string> InsertsOf(string user) => Inserts[user];

    /// <summary>Tables of the database <c>system</c> that a user reads.</summary>
    /// <param name="user">One of <see cref="Names"/>.</param>
    public static IReadOnlyList<string> SystemTablesOf(string user) => SystemTables[user];

    /// <summary>Makes a user, or gives it this password and exactly these rights; repeating it changes nothing else.</summary>
    /// <remarks>The server is sent the salted hash that it stores, never the password.</remarks>
    /// <param name="database">Where the schema is.</param>
    /// <param name="user">Its name, one of <see cref="Names"/>, and password.</param>
    /// <param name="cluster">The cluster's name; null for one server.</param>
    /// <exception cref="SchemaException">Nobody of that name is known here, or the password is empty.</exception>
    public static IEnumerable<string> Statements(string database, NamedPassword user, string? cluster)
    {
        if (!Inserts.TryGetValue(user.Name, out var tables))
        {
            throw new SchemaException($"ClickHouse has the users {string.Join(", ", Names)}; '{user.Name}' is none of them.");
        }
        user.RequirePassword();
        var salt = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
        var hash = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(user.Password + salt)));
        var (on, identified) = (
            cluster is null ? "" : $" ON CLUSTER {ClickHouseMigrator.Quoted(cluster)}",
            $"IDENTIFIED WITH sha256_hash BY '{hash}' SALT '{salt}'"
        );
        yield return $"CREATE USER IF NOT EXISTS {user.Name}{on} {identified}";
        yield return $"ALTER USER {user.Name}{on} {identified}";
        var inserts = tables
            .SelectMany(table => cluster is null ? [table] : new[] { table, ClusterVariant.Local(table) }.Distinct())
            .Select(table => $", INSERT ON {ClickHouseMigrator.Quoted(database)}.{table}");
        var reads = SystemTables[user.Name].Select(table => $", SELECT ON system.{table}");
        var refreshes = Refreshes.Contains(user.Name) ? $", SYSTEM VIEWS ON {ClickHouseMigrator.Quoted(database)}.*" : "";
        yield return $"GRANT{on} SELECT ON "
            + $"{ClickHouseMigrator.Quoted(database)}.*{string.Concat(reads)}{string.Concat(inserts)}{refreshes} TO {user.Name} WITH "
            + $"REPLACE OPTION";
    }
}
