using System.Globalization;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.Utility;

namespace Betting.CdcSink.Lag;

/// <summary>What the lag asks of ClickHouse.</summary>
public sealed class VisibleStore(ClickHouseClient client)
{
    public async Task<VisibleProgress> ReadAsync(CancellationToken cancellation)
    {
        var partitions = new Dictionary<(string, int), VisiblePartition>();
        await using (var reader = await client.ExecuteReaderAsync("SELECT topic, partition, next_offset, end_offset, toInt32(bitShiftRight(version, 57)) FROM sink_progress FINAL", cancellationToken: cancellation))
        {
            while (await reader.ReadAsync(cancellation))
            {
                partitions[(reader.GetString(0), reader.GetInt32(1))] = new VisiblePartition(reader.GetInt64(2), reader.GetInt64(3), reader.GetInt32(4));
            }
        }
        // A view over no row at all gives 1970.
        var microseconds = Convert.ToInt64(await client.ExecuteScalarAsync("SELECT toUnixTimestamp64Micro(ifNull(max(data_as_of), toDateTime64(0, 6, 'UTC'))) FROM data_as_of", cancellationToken: cancellation), CultureInfo.InvariantCulture);
        return new VisibleProgress(partitions, microseconds <= 0 ? null : DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond));
    }

    public async Task<List<TableParts>> PartsAsync(CancellationToken cancellation)
    {
        var parts = new List<TableParts>();
        await using var reader = await client.ExecuteReaderAsync(
            """
            SELECT table, toInt64(sum(parts)), toInt64(max(parts))
            FROM (SELECT table, partition_id, count() AS parts FROM system.parts WHERE active AND database = currentDatabase() GROUP BY table, partition_id)
            GROUP BY table
            """, cancellationToken: cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            parts.Add(new TableParts(reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2)));
        }
        return parts;
    }

    /// <summary>Records how far a partition's topic goes beside how far it is visible, as long as that has not moved: whoever owns it does not, or there is nobody.</summary>
    public Task RecordEndAsync(StreamEnd end, long nextOffset, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("topic", end.Topic);
        parameters.AddParameter("partition", end.Partition);
        parameters.AddParameter("next", nextOffset);
        parameters.AddParameter("end", end.End);
        return client.ExecuteNonQueryAsync(
            """
            INSERT INTO sink_progress SELECT * REPLACE ({end:Int64} AS end_offset, now64(6) AS recorded_at)
            FROM sink_progress FINAL WHERE topic = {topic:String} AND partition = {partition:Int32} AND next_offset = {next:Int64}
            """, parameters, cancellationToken: cancellation);
    }
}
