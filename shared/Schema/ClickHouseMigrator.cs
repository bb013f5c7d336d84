using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.Utility;

namespace Betting.Schema;

/// <summary>
/// Brings a ClickHouse database to the schema of the numbered files in <c>ClickHouse/</c>: creates it where it is missing,
/// applies in order what is not yet recorded in its table <c>schema_files</c>. A file without a number, such as the comments, comes last and
/// is applied again whenever it or a numbered file has changed. One command runs it, never a starting replica.
/// Statements are written so that a file cut off half-way can be applied again, since ClickHouse has no transactions.
/// </summary>
/// <remarks>
/// What the recorded files created must still be there. A summary that is lost is created again; anything else that is lost is an error,
/// because an empty table in its place would look like the real one.
/// </remarks>
public static class ClickHouseMigrator
{
    /// <summary>The table that records which files were applied.</summary>
    public const string FilesTableName = "schema_files";

    const string FilesTable = $"""
        CREATE TABLE IF NOT EXISTS {FilesTableName}
        (
            name String COMMENT 'Name of the file',
            hash String COMMENT 'SHA-256 of its text',
            applied_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was applied'
        )
        ENGINE = MergeTree ORDER BY name COMMENT 'Files of the schema that were applied'
        """;

    /// <param name="connectionString">Any server, with the database to bring up.</param>
    /// <param name="cluster">The cluster's name where there are several servers; null for one.</param>
    /// <param name="cancellation">Ends it between two statements; the next run goes on.</param>
    /// <exception cref="SchemaException">
    /// A recorded file is not the one of this program or has no form for a cluster, a table or view other than a summary is lost, or the disk is full.
    /// </exception>
    public static async Task<Migration> MigrateAsync(string connectionString, string? cluster = null, CancellationToken cancellation = default)
    {
        var on = cluster is null ? "" : $" ON CLUSTER {Quoted(cluster)}";
        await SchemaRoom.RequireAsync(connectionString, cancellation);
        await CreateDatabaseAsync(connectionString, on, cancellation);
        using var client = new ClickHouseClient(connectionString);
        var repair = new SchemaRepair(client, on);
        var all = SchemaObjects.Of(Script(cluster));
        await repair.RequireRecordAsync(FilesTableName, all, cancellation);
        await RunAsync(client, FilesTable, cluster, cancellation);
        var recorded = await RecordedAsync(client, cancellation);
        var createdAgain = new List<string>(await repair.RunAsync(Applied(recorded, cluster), cancellation));
        var applied = await ApplyAsync(client, recorded, cluster, createdAgain.Count > 0, cancellation);
        if (applied.Count > 0)
        {
            // Also what the files have created: a full disk may leave an empty metadata file, and the table works until the next start.
            createdAgain.AddRange(await repair.RunAsync(all, cancellation));
        }
        return new Migration(applied, createdAgain);
    }

    static async Task<List<string>> ApplyAsync(
        ClickHouseClient client, Dictionary<string, string> recorded, string? cluster, bool withUnnumbered, CancellationToken cancellation)
    {
        var applied = new List<string>();
        foreach (var (name, sql) in Files())
        {
            var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sql)));
            if (recorded.TryGetValue(name, out var known) && (IsNumbered(name) || (known == hash && applied.Count == 0 && !withUnnumbered)))
            {
                if (known != hash)
                {
                    throw new SchemaException($"{name} was applied with other content; write a new numbered file instead of changing an old one.");
                }
                continue;
            }
            await RunAsync(client, sql, cluster, cancellation);
            var row = new ClickHouseParameterCollection();
            row.AddParameter("name", name);
            row.AddParameter("hash", hash);
            await client.ExecuteNonQueryAsync(
                $"INSERT INTO {FilesTableName} (name, hash) SELECT {{name:String}}, {{hash:String}}", row, cancellationToken: cancellation);
            applied.Add(name);
        }
        return applied;
    }

    // What the recorded files created, without what a file that is still to be applied, or was cut off half-way, changes itself.
    static List<SchemaObject> Applied(Dictionary<string, string> recorded, string? cluster)
    {
        var numbered = Files().Where(file => IsNumbered(file.Name))
            .ToLookup(file => recorded.ContainsKey(file.Name), file => Statements(file.Sql, cluster));
        var open = SchemaObjects.NamesIn(numbered[false].SelectMany(each => each));
        return [.. SchemaObjects.Of(numbered[true].SelectMany(each => each)).Where(each => !open.Contains(each.Name))];
    }

    static bool IsNumbered(string file) => char.IsAsciiDigit(file[0]);

    static async Task RunAsync(ClickHouseClient client, string sql, string? cluster, CancellationToken cancellation)
    {
        foreach (var statement in Statements(sql, cluster))
        {
            await client.ExecuteNonQueryAsync(statement, cancellationToken: cancellation);
        }
    }

    /// <summary>All statements in their order, the table of applied files first, for one server or, with its name, for a cluster.</summary>
    public static IEnumerable<string> Script(string? cluster) =>
        Statements(FilesTable, cluster).Concat(Files().SelectMany(file => Statements(file.Sql, cluster)));

    static IEnumerable<string> Statements(string sql, string? cluster) =>
        cluster is null ? SqlStatements.Of(sql) : SqlStatements.Of(sql).SelectMany(new ClusterVariant(cluster).Of);

    internal static string Quoted(string name) => $"`{name.Replace("`", "``", StringComparison.Ordinal)}`";

    static async Task CreateDatabaseAsync(string connectionString, string on, CancellationToken cancellation)
    {
        var settings = new ClickHouseClientSettings(connectionString);
        using var server = new ClickHouseClient(new ClickHouseClientSettings(settings) { Database = "default" });
        await server.ExecuteNonQueryAsync($"CREATE DATABASE IF NOT EXISTS {Quoted(settings.Database)}{on}", cancellationToken: cancellation);
    }

    static async Task<Dictionary<string, string>> RecordedAsync(ClickHouseClient client, CancellationToken cancellation)
    {
        var recorded = new Dictionary<string, string>(StringComparer.Ordinal);
        await using var reader = await client.ExecuteReaderAsync($"SELECT name, argMax(hash, applied_at) FROM {FilesTableName} GROUP BY name", cancellationToken: cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            recorded[reader.GetString(0)] = reader.GetString(1);
        }
        return recorded;
    }

    static IEnumerable<(string Name, string Sql)> Files()
    {
        const string Folder = ".ClickHouse.";
        var assembly = Assembly.GetExecutingAssembly();
        foreach (var resource in assembly.GetManifestResourceNames().Where(name => name.Contains(Folder, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var text = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            yield return (resource[(resource.IndexOf(Folder, StringComparison.Ordinal) + Folder.Length)..], text.ReadToEnd());
        }
    }
}
