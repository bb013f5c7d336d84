using System.Globalization;
using Betting.Connections;
using ClickHouse.Driver;

namespace Betting.Schema;

/// <summary>
/// Room for the metadata files of tables and views. Without it a file of the schema is cut off half-way, or its effect is lost.
/// </summary>
static class SchemaRoom
{
    const long LeastFree = 64 << 20;
    const string Runbook = "docs/runbooks/cdcsink.md#a-full-disk-of-clickhouse";

    /// <exception cref="SchemaException">The disk with the metadata of the connected server has less than 64 MiB free.</exception>
    public static async Task RequireAsync(string connectionString, CancellationToken cancellation)
    {
        using var client = new ClickHouseClient(ClickHouseSettings.Plain(connectionString, "default"));
        var answer = await client.ExecuteScalarAsync(
            "SELECT toFloat64(min(free_space)) FROM system.disks WHERE name = 'default'",
            cancellationToken: cancellation
        );
        var free = Convert.ToDouble(answer, CultureInfo.InvariantCulture);
        if (free < LeastFree)
        {
            throw new SchemaException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"ClickHouse's disk has {free / (1 << 20):F0} MiB free, and a migration needs 64. Nothing was changed: see {Runbook}"
                )
            );
        }
    }
}
