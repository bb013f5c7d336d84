using System.Runtime.CompilerServices;
using Betting.Local.Engines;
using Betting.Schema;
using ClickHouse.Driver;

namespace Betting.Tests.Fixtures;

/// <summary>
/// Databases of their own for tests that share one ClickHouse, with the schema as <c>migrate</c> leaves it. The first is migrated;
/// the others get the final definition of each of its objects.
/// </summary>
public static class MigratedClickHouse
{
    const string First = "migrated_first";

    const int UnknownTable = 60;

    static readonly ConditionalWeakTable<ClickHouseServer, Lazy<Task<Schema>>> Schemas = [];

    /// <param name="server">Where to create it.</param>
    /// <param name="database">Its name, of letters, digits and underscores.</param>
    public static async Task CreateAsync(ClickHouseServer server, string database)
    {
        var schema = await Schemas.GetValue(server, each => new Lazy<Task<Schema>>(() => MigrateAsync(each))).Value;
        using var client = new ClickHouseClient(server.ConnectionString());
        await client.ExecuteNonQueryAsync($"CREATE DATABASE {database}");
        foreach (var definition in schema.Definitions)
        {
            await client.ExecuteNonQueryAsync(definition.Replace($"{First}.", $"{database}.", StringComparison.Ordinal));
        }
        foreach (var table in schema.Filled)
        {
            await client.ExecuteNonQueryAsync($"INSERT INTO {database}.{table} SELECT * FROM {First}.{table}");
        }
        // The end of a refresh creates its table again where a test has dropped it meanwhile.
        await Task.WhenAll(schema.Refreshed.Select(view => client.ExecuteNonQueryAsync($"SYSTEM WAIT VIEW {database}.{view}")));
    }

    /// <summary>Removes a database, so that its views are not refreshed and its tables not kept for the rest of the run.</summary>
    public static async Task DropAsync(ClickHouseServer server, string database)
    {
        using var client = new ClickHouseClient(server.ConnectionString());
        await client.ExecuteNonQueryAsync($"DROP DATABASE IF EXISTS {database} SYNC");
    }

    static async Task<Schema> MigrateAsync(ClickHouseServer server)
    {
        await ClickHouseMigrator.MigrateAsync(server.ConnectionString(First));
        using var client = new ClickHouseClient(server.ConnectionString());
        var open = await ReadAsync(
            client,
            $"SELECT create_table_query FROM system.tables WHERE database = '{First}' ORDER BY engine LIKE '%View'"
        );
        var filled = await ReadAsync(
            client,
            $"SELECT name FROM system.tables WHERE database = '{First}' AND total_rows > 0 AND NOT startsWith(name, 'summary_')"
        );
        var refreshed = await ReadAsync(client, $"SELECT view FROM system.view_refreshes WHERE database = '{First}'");
        return new Schema(await OrderAsync(client, open), filled, refreshed);
    }

    // A view is created after what it reads, which its text does not tell: the first copy finds the order.
    static async Task<List<string>> OrderAsync(ClickHouseClient client, List<string> open)
    {
        const string Trial = "migrated_trial";
        await client.ExecuteNonQueryAsync($"CREATE DATABASE {Trial}");
        var ordered = new List<string>();
        while (open.Count > 0)
        {
            var early = new List<string>();
            foreach (var definition in open)
            {
                try
                {
                    await client.ExecuteNonQueryAsync(definition.Replace($"{First}.", $"{Trial}.", StringComparison.Ordinal));
                    ordered.Add(definition);
                }
                catch (ClickHouseServerException refused) when (refused.ErrorCode == UnknownTable && early.Count + 1 < open.Count)
                {
                    early.Add(definition);
                }
            }
            open = early;
        }
        await client.ExecuteNonQueryAsync($"DROP DATABASE {Trial} SYNC");
        return ordered;
    }

    static async Task<List<string>> ReadAsync(ClickHouseClient client, string sql)
    {
        var rows = new List<string>();
        await using var reader = await client.ExecuteReaderAsync(sql);
        while (await reader.ReadAsync())
        {
            rows.Add(reader.GetString(0));
        }
        return rows;
    }

    sealed record Schema(IReadOnlyList<string> Definitions, IReadOnlyList<string> Filled, IReadOnlyList<string> Refreshed);
}
