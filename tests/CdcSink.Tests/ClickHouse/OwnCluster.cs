using System.Text.RegularExpressions;
using Betting.Schema;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO;

namespace Betting.Tests.CdcSink.ClickHouse;

/// <summary>
/// The schema for a cluster on one server that is a cluster of itself. The embedded engine has neither replicas nor the queue of
/// <c>ON CLUSTER</c>: those two are taken out of the statements.
/// </summary>
static partial class OwnCluster
{
    /// <param name="connectionString">The database to make.</param>
    /// <param name="cluster">As LocalClickHouse knows it: <c>default</c>, or <c>twice</c> with two shards that are the same data.</param>
    public static async Task MigrateAsync(string connectionString, string cluster)
    {
        var settings = new ClickHouseClientSettings(connectionString);
        using var server = new ClickHouseClient(new ClickHouseClientSettings(settings) { Database = "default" });
        await server.ExecuteNonQueryAsync($"CREATE DATABASE {settings.Database}");
        using var client = new ClickHouseClient(connectionString);
        foreach (var statement in ClickHouseMigrator.Script(cluster))
        {
            await client.ExecuteNonQueryAsync(
                Replicated().Replace(statement.Replace($" ON CLUSTER `{cluster}`", "", StringComparison.Ordinal), "${engine}(")
            );
        }
    }

    [GeneratedRegex(@"Replicated(?<engine>\w*MergeTree)\('/clickhouse/tables/[^']*', '[^']*'(?:, )?")]
    private static partial Regex Replicated();
}
