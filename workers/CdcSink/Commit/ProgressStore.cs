using System.Globalization;
using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Messages;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.Utility;
using Confluent.Kafka;

namespace Betting.CdcSink.Commit;

/// <summary>How far ClickHouse says that partitions have been read: what counts where the group's offsets say otherwise.</summary>
public sealed class ProgressStore(ClickHouseClient client, ChangeStore store, StoresClock stores)
{
    /// <summary>By partition; only those that it knows.</summary>
    public async Task<Dictionary<TopicPartition, PartitionPosition>> ReadAsync(IEnumerable<string> topics, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("topics", topics.Distinct().ToArray());
        const string Sql = """
            SELECT toString(topic), partition, next_offset, end_offset, version, toUnixTimestamp64Micro(committed_at),
                toUnixTimestamp64Milli(record_at), generation, record_offset,
                toUnixTimestamp64Micro(now64(6)), change_id, change_version
            FROM sink_progress FINAL
            WHERE topic IN ({topics:Array(String)})
            """;
        var known = new Dictionary<TopicPartition, PartitionPosition>();
        await using var rows = await client.ExecuteReaderAsync(Sql, parameters, cancellationToken: cancellation);
        while (await rows.ReadAsync(cancellation))
        {
            stores.Read(rows.GetInt64(9));
            var position = new PartitionPosition(
                rows.GetString(0),
                rows.GetInt32(1),
                rows.GetInt64(2),
                rows.GetInt64(3),
                Number(rows.GetValue(4)),
                rows.GetInt64(5)
            )
            {
                RecordMs = rows.GetInt64(6),
                Generation = Number(rows.GetValue(7)),
                RecordOffset = rows.GetInt64(8),
                LastChange = new LastChange(rows.GetInt64(10), Number(rows.GetValue(11)), Offset: -1),
            };
            known[new TopicPartition(position.Topic, position.Partition)] = position;
        }
        return known;
    }

    public async Task WriteAsync(IEnumerable<PartitionPosition> positions, CancellationToken cancellation)
    {
        using var rows = ProgressRows.Of(positions, stores.NowMicros);
        await store.InsertAsync("sink_progress", rows, cancellation);
    }

    /// <summary>A generation above all before it.</summary>
    public ulong NewGeneration(ulong last) => Math.Max((ulong)stores.NowMicros, last + 1);

    static ulong Number(object value) => Convert.ToUInt64(value, CultureInfo.InvariantCulture);
}
