using Betting.Connections;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO;

namespace Betting.Schema;

/// <summary>
/// Brings a ClickHouse database to the schema of the numbered files in <c>ClickHouse/</c>: creates it where it is missing,
/// applies in order what is not yet recorded in its table <c>schema_files</c>. A file without a number, such as the comments, comes last
/// and is applied again whenever it or a numbered file has changed. One command runs it, never a starting replica.
/// Statements are written so that a file cut off half-way can be applied again, since ClickHouse has no transactions.
/// </summary>
/// <remarks>
/// What the recorded files created must still be there. A summary that is lost is created again; anything else that is lost is an error,
/// because an empty table in its place would look like the real one. Two processes may run at once, and the slower one may end a view as an
/// older file defines it: the views are compared with the newest files after the last one, at every run.
/// </remarks>
public static class ClickHouseMigrator
{
    /// <summary>The table that records which files were applied.</summary>
    public const string FilesTableName = SchemaRecord.Table;

    /// <param name="connectionString">Any server, with the database to bring up.</param>
    /// <param name="cluster">The cluster's name where there are several servers; null for one.</param>
    /// <param name="cancellation">Ends it between two statements; the next run goes on.</param>
    /// <exception cref="SchemaException">
    /// A recorded file is not the one of this program or has no form for a cluster, a table or view other than a summary is lost, or the
    /// disk is full.
    /// </exception>
    public static async Task<Migration> MigrateAsync(
        string connectionString,
        string? cluster = null,
        CancellationToken cancellation = default
    )
    {
        var on = cluster is null ? "" : $" ON CLUSTER {Quoted(cluster)}";
        await SchemaRoom.RequireAsync(connectionString, cancellation);
        await CreateDatabaseAsync(connectionString, on, cancellation);
        using var client = new ClickHouseClient(ClickHouseSettings.Plain(connectionString));
        var repair = new SchemaRepair(client, on);
        var all = SchemaObjects.Of(Script(cluster));
        await repair.RequireRecordAsync(FilesTableName, all, cancellation);
        foreach (var statement in SchemaFile.StatementsOf(SchemaRecord.Definition, cluster))
        {
            await client.ExecuteNonQueryAsync(statement, cancellationToken: cancellation);
        }
        var record = new SchemaRecord(client);
        var recorded = await record.ReadAsync(cancellation);
        if (Newer(recorded) is { Count: > 0 } newer)
        {
            return new Migration([], [], [], newer);
        }
        foreach (var file in SchemaFile.All.Where(file => file.IsNumbered && recorded.ContainsKey(file.Name)))
        {
            SchemaRecord.Require(file, recorded[file.Name].Hash);
        }
        var createdAgain = new List<string>(await repair.RunAsync(Applied(recorded, cluster), cancellation));
        var applier = new SchemaFileApplier(client, record, cluster);
        var applied = new List<string>();
        foreach (var file in SchemaFile.All.Where(file => file.IsNumbered && !recorded.ContainsKey(file.Name)))
        {
            if (await applier.ApplyOnceAsync(file, cancellation))
            {
                applied.Add(file.Name);
            }
        }
        recorded = await record.ReadAsync(cancellation);
        if (Newer(recorded) is { Count: > 0 } meanwhile)
        {
            return new Migration(applied, createdAgain, [], meanwhile);
        }
        // Also what the files have created: a full disk may leave an empty metadata file, and the table works until the next start.
        createdAgain.AddRange(await repair.RunAsync(all, cancellation));
        var replaced = await repair.ReplaceAsync(all, cancellation);
        await ColumnCheck.RequireAsync(client, cluster, cancellation);
        foreach (var file in SchemaFile.All.Where(file => !file.IsNumbered))
        {
            if (applied.Count + createdAgain.Count + replaced.Count > 0 || IsOutdated(file, recorded))
            {
                await applier.ApplyAsync(file, cancellation);
                applied.Add(file.Name);
                createdAgain.AddRange(await repair.RunAsync(all, cancellation));
            }
        }
        return new Migration(applied, createdAgain, replaced, []);
    }

    static List<string> Newer(IReadOnlyDictionary<string, AppliedFile> recorded) =>
        [.. recorded.Keys.Where(SchemaFile.IsNumberedName).Except(SchemaFile.All.Select(file => file.Name)).Order(StringComparer.Ordinal)];

    // A process that was killed after its last numbered file has not come to the comments.
    static bool IsOutdated(SchemaFile comments, IReadOnlyDictionary<string, AppliedFile> recorded) =>
        !recorded.TryGetValue(comments.Name, out var known)
        || known.Hash != comments.Hash
        || recorded.Any(each => SchemaFile.IsNumberedName(each.Key) && each.Value.At > known.At);

    // What the recorded files created, without what a file that is still to be applied, or was cut off half-way, changes itself.
    static List<SchemaObject> Applied(IReadOnlyDictionary<string, AppliedFile> recorded, string? cluster)
    {
        var numbered = SchemaFile
            .All.Where(file => file.IsNumbered)
            .ToLookup(file => recorded.ContainsKey(file.Name), file => file.Statements(cluster));
        var open = SchemaObjects.NamesIn(numbered[false].SelectMany(each => each));
        return [.. SchemaObjects.Of(numbered[true].SelectMany(each => each)).Where(each => !open.Contains(each.Name))];
    }

    /// <summary>All statements in their order, the table of applied files first, for one server or, with its name, for a cluster.</summary>
    public static IEnumerable<string> Script(string? cluster) =>
        SchemaFile.StatementsOf(SchemaRecord.Definition, cluster).Concat(SchemaFile.All.SelectMany(file => file.Statements(cluster)));

    internal static string Quoted(string name) => $"`{name.Replace("`", "``", StringComparison.Ordinal)}`";

    static async Task CreateDatabaseAsync(string connectionString, string on, CancellationToken cancellation)
    {
        using var server = new ClickHouseClient(ClickHouseSettings.Plain(connectionString, "default"));
        var database = new ClickHouseClientSettings(connectionString).Database;
        await server.ExecuteNonQueryAsync($"CREATE DATABASE IF NOT EXISTS {Quoted(database)}{on}", cancellationToken: cancellation);
    }
}
