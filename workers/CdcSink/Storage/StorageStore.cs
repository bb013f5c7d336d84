using Betting.Schema;
using ClickHouse.Driver;

namespace Betting.CdcSink.Storage;

/// <summary>What is asked of ClickHouse about its tables and disks.</summary>
public sealed class StorageStore(ClickHouseClient client)
{
    readonly ViewCheck _views = new(client, SchemaObjects.OfOneServer);

    /// <summary>Tables and views of the schema that are missing, whose definition is lost, or views that differ; empty where all is well.</summary>
    public async Task<IReadOnlyList<SchemaFault>> SchemaFaultsAsync(CancellationToken cancellation)
    {
        var faults = await SchemaCheck.FaultsAsync(client, SchemaObjects.OfOneServer, cancellation);
        // Before this version's files are applied, and once a newer version's are, views differ and are right.
        return faults.All(fault => fault.Lost.Name != ClickHouseMigrator.FilesTableName) && await ClickHouseMigrator.IsCurrentAsync(client, cancellation)
            ? [.. faults, .. await _views.FaultsAsync(cancellation)]
            : faults;
    }

    /// <summary>The moment that the newest visible watermark proves, microseconds since 1970 UTC; 0 where there is none.</summary>
    public async Task<long> VisibleUntilAsync(CancellationToken cancellation) =>
        (long)(await client.ExecuteScalarAsync("SELECT toUnixTimestamp64Micro(argMax(as_of, version)) FROM visible_watermarks", cancellationToken: cancellation))!;

    /// <summary>The disks of the connected server. Of an object store, size and free space are the largest number there is.</summary>
    public async Task<IReadOnlyList<DiskSpace>> DisksAsync(CancellationToken cancellation)
    {
        var disks = new List<DiskSpace>();
        await using var reader = await client.ExecuteReaderAsync(
            "SELECT name, toFloat64(free_space), toFloat64(total_space) FROM system.disks ORDER BY name", cancellationToken: cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            disks.Add(new DiskSpace(reader.GetString(0), reader.GetDouble(1), reader.GetDouble(2)));
        }
        return disks;
    }
}
