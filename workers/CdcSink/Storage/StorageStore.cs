using Betting.Schema;
using ClickHouse.Driver;

namespace Betting.CdcSink.Storage;

/// <summary>What is asked of ClickHouse about its tables and disks.</summary>
public sealed class StorageStore(ClickHouseClient client)
{
    /// <summary>Tables and views of the schema that are missing, or whose definition is lost; empty where all is well.</summary>
    public Task<IReadOnlyList<SchemaFault>> SchemaFaultsAsync(CancellationToken cancellation) =>
        SchemaCheck.FaultsAsync(client, SchemaObjects.OfOneServer, cancellation);

    /// <summary>True where <c>migrate</c> has brought the database to this version: what is missing then is lost.</summary>
    public Task<bool> IsMigratedAsync(CancellationToken cancellation) => SchemaCheck.IsAppliedAsync(client, cancellation);

    /// <summary>The moment that the newest visible watermark proves, microseconds since 1970 UTC; 0 where there is none.</summary>
    public async Task<long> VisibleUntilAsync(CancellationToken cancellation) =>
        (long)
            (
                await client.ExecuteScalarAsync(
                    "SELECT toUnixTimestamp64Micro(argMax(as_of, version)) FROM visible_watermarks",
                    cancellationToken: cancellation
                )
            )!;

    /// <summary>The disks of the connected server. Of an object store, size and free space are the largest number there is.</summary>
    public async Task<IReadOnlyList<DiskSpace>> DisksAsync(CancellationToken cancellation)
    {
        var disks = new List<DiskSpace>();
        await using var reader = await client.ExecuteReaderAsync(
            "SELECT name, toFloat64(free_space), toFloat64(total_space) FROM system.disks ORDER BY name",
            cancellationToken: cancellation
        );
        while (await reader.ReadAsync(cancellation))
        {
            disks.Add(new DiskSpace(reader.GetString(0), reader.GetDouble(1), reader.GetDouble(2)));
        }
        return disks;
    }
}
