using System.Text;
using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Messages;
using Betting.Debezium;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.Utility;

namespace Betting.CdcSink.Signs;

/// <summary>What ClickHouse knows of the watermarks that came through.</summary>
public sealed class WatermarkStore(ChangeStore store)
{
    /// <summary>
    /// The last watermark that names its predecessor, before this one in its partition and epoch; null where none is known.
    /// </summary>
    /// <param name="watermark">Where to look.</param>
    /// <param name="generation">
    /// Of its topic: what was recorded before is of a topic that is gone. Microseconds since 1970 UTC; 0 for the first.
    /// </param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<StreamedWatermark?> LastBeforeAsync(StreamedWatermark watermark, ulong generation, CancellationToken cancellation)
    {
        var parameters = InEpochOf(watermark);
        parameters.AddParameter("topic", watermark.Topic);
        parameters.AddParameter("partition", watermark.Partition);
        parameters.AddParameter("offset", watermark.Offset);
        parameters.AddParameter("generation", generation);
        // Rows of watermarks expire after a day, and not in their order: what is nearly a day old may stand behind a gap. The last ones
        // are kept besides, however long ago they came.
        const string Sql = """
            SELECT version, toUnixTimestamp64Micro(at), offset, toString(id), toString(previous), toUInt64(timeline),
                toString(publication), toUnixTimestamp64Micro(started)
            FROM
            (
                SELECT version, at, offset, id, previous, timeline, publication, started FROM watermarks
                WHERE topic = {topic:String} AND partition = {partition:Int32} AND offset < {offset:Int64}
                AND version BETWEEN {from:UInt64} AND {to:UInt64}
                    AND notEmpty(id) AND recorded_at > now64(6) - INTERVAL 23 HOUR
                    AND toUInt64(toUnixTimestamp64Micro(recorded_at)) >= {generation:UInt64}
                UNION ALL
                SELECT version, at, offset, id, previous, timeline, publication, started FROM last_watermarks
                WHERE topic = {topic:String} AND partition = {partition:Int32} AND epoch = {epoch:UInt8}
                AND generation = {generation:UInt64} AND offset < {offset:Int64}
            )
            ORDER BY offset DESC LIMIT 1
            FORMAT RowBinary
            """;
        StreamedWatermark? last = null;
        await store.ReadRowsAsync(
            Sql,
            parameters,
            (ref row) =>
            {
                var (version, at, offset) = (row.ReadUInt64(), row.ReadInt64(), row.ReadInt64());
                var (id, previous, timeline) = (
                    Encoding.UTF8.GetString(row.ReadString()),
                    Encoding.UTF8.GetString(row.ReadString()),
                    row.ReadUInt64()
                );
                var (publication, started) = (Encoding.UTF8.GetString(row.ReadString()), row.ReadInt64());
                last = row.IsShort
                    ? last
                    : new StreamedWatermark(
                        new ChangeVersion(version),
                        at,
                        watermark.Topic,
                        watermark.Partition,
                        offset,
                        new WatermarkLink(Guid.Parse(id), Guid.Parse(previous), (uint)timeline, Guid.Parse(publication), StartedAt: started)
                    );
            },
            cancellation
        );
        return last;
    }

    /// <summary>True where this watermark is recorded already: it was read or sent a second time.</summary>
    public async Task<bool> HasAsync(StreamedWatermark watermark, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("version", watermark.Version.Value);
        parameters.AddParameter("id", watermark.Link.Id.ToString());
        var found = 0UL;
        const string Sql = """
            SELECT count() FROM (SELECT version, id FROM watermarks UNION ALL SELECT version, id FROM last_watermarks)
            WHERE version = {version:UInt64} AND toString(id) = {id:String}
            FORMAT RowBinary
            """;
        await store.ReadRowsAsync(
            Sql,
            parameters,
            (ref row) => found = row.ReadUInt64() is var value && row.IsShort ? found : value,
            cancellation
        );
        return found > 0;
    }

    /// <summary>
    /// When the watermark of this id was written, microseconds since 1970 UTC; null where it never came through in the epoch.
    /// </summary>
    /// <param name="watermark">Of the same epoch.</param>
    /// <param name="id">Of the watermark that is looked for.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<long?> TimeOfAsync(StreamedWatermark watermark, Guid id, CancellationToken cancellation)
    {
        var parameters = InEpochOf(watermark);
        parameters.AddParameter("id", id.ToString());
        const string Sql = """
            SELECT toUnixTimestamp64Micro(at) FROM (SELECT version, id, at FROM watermarks UNION ALL SELECT version, id, at
            FROM last_watermarks)
            WHERE version BETWEEN {from:UInt64} AND {to:UInt64} AND toString(id) = {id:String} LIMIT 1
            FORMAT RowBinary
            """;
        long? at = null;
        await store.ReadRowsAsync(
            Sql,
            parameters,
            (ref row) => at = row.ReadInt64() is var value && row.IsShort ? at : value,
            cancellation
        );
        return at;
    }

    /// <summary>The highest version of the watermarks before this one in its partition and epoch; 0 where none is stored.</summary>
    public Task<ulong> HighestBeforeAsync(StreamedWatermark watermark, CancellationToken cancellation) =>
        NumberAsync(
            watermark,
            """
            SELECT max(version) FROM watermarks
            WHERE topic = {topic:String} AND partition = {partition:Int32} AND offset < {offset:Int64} AND version BETWEEN {from:UInt64}
            AND {to:UInt64}
            FORMAT RowBinary
            """,
            cancellation
        );

    /// <summary>
    /// True where this partition has brought a watermark at the same position with the same time: the connector sent it again, or it is
    /// read again.
    /// </summary>
    public async Task<bool> WasBroughtAsync(StreamedWatermark watermark, CancellationToken cancellation) =>
        await NumberAsync(
            watermark,
            """
            SELECT count() FROM watermarks
            WHERE topic = {topic:String} AND partition = {partition:Int32} AND version = {version:UInt64}
            AND toUnixTimestamp64Micro(at) = {at:Int64}
            FORMAT RowBinary
            """,
            cancellation
        ) > 0;

    /// <summary>
    /// The time of the last watermark below this one in the log, in its partition and epoch, microseconds since 1970 UTC; 0 where none is
    /// stored. Where the log went back, what it held up to there is what the present log holds.
    /// </summary>
    public async Task<long> LastBelowAsync(StreamedWatermark watermark, CancellationToken cancellation) =>
        (long)
            await NumberAsync(
                watermark,
                """
                SELECT toUInt64(ifNull(maxOrNull(toUnixTimestamp64Micro(at)), 0)) FROM watermarks
                WHERE topic = {topic:String} AND partition = {partition:Int32} AND offset < {offset:Int64} AND version >= {from:UInt64}
                AND version < {version:UInt64}
                FORMAT RowBinary
                """,
                cancellation
            );

    async Task<ulong> NumberAsync(StreamedWatermark watermark, string sql, CancellationToken cancellation)
    {
        var parameters = InEpochOf(watermark);
        parameters.AddParameter("topic", watermark.Topic);
        parameters.AddParameter("partition", watermark.Partition);
        parameters.AddParameter("offset", watermark.Offset);
        parameters.AddParameter("version", watermark.Version.Value);
        parameters.AddParameter("at", watermark.At);
        var number = 0UL;
        await store.ReadRowsAsync(
            sql,
            parameters,
            (ref row) => number = row.ReadUInt64() is var value && row.IsShort ? number : value,
            cancellation
        );
        return number;
    }

    static ClickHouseParameterCollection InEpochOf(StreamedWatermark watermark)
    {
        var epoch = watermark.Version.Epoch;
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("from", ChangeVersion.Of(epoch, streamed: false, 0).Value);
        parameters.AddParameter("epoch", epoch);
        parameters.AddParameter("to", ChangeVersion.Of(epoch, streamed: true, ChangeVersion.MaxLsn).Value);
        return parameters;
    }
}
