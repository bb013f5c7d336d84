using System.Globalization;
using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Messages;
using Betting.CdcSink.Signs;
using Betting.Debezium;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.Utility;

namespace Betting.CdcSink.Lag;

/// <summary>What the lag asks of ClickHouse. The number of statements does not depend on the number of partitions.</summary>
/// <param name="client">ClickHouse.</param>
/// <param name="report">Is told of jumps of PostgreSQL's clock.</param>
/// <param name="restarts">Is asked before a watermark becomes visible.</param>
/// <param name="stores">Is told ClickHouse's time.</param>
public sealed class VisibleStore(ClickHouseClient client, ClockJumpReport report, RestartSigns restarts, StoresClock stores)
{
    public async Task<VisibleProgress> ReadAsync(CancellationToken cancellation)
    {
        var partitions = new Dictionary<(string, int), VisiblePartition>();
        await using (
            var reader = await client.ExecuteReaderAsync(
                "SELECT toString(topic), partition, next_offset, toInt32(bitShiftRight(version, 57)) FROM sink_progress FINAL",
                cancellationToken: cancellation
            )
        )
        {
            while (await reader.ReadAsync(cancellation))
            {
                partitions[(reader.GetString(0), reader.GetInt32(1))] = new VisiblePartition(reader.GetInt64(2), reader.GetInt32(3));
            }
        }
        await using var visible = await client.ExecuteReaderAsync(
            "SELECT count(), toUnixTimestamp64Micro(argMax(as_of, version)), max(version), toUnixTimestamp64Micro(now64(6)) FROM "
                + "visible_watermarks",
            cancellationToken: cancellation
        );
        await visible.ReadAsync(cancellation);
        stores.Read(visible.GetInt64(3));
        return Number(visible.GetValue(0)) == 0
            ? new VisibleProgress(partitions, null, default, await HoldsAsync(cancellation))
            : new VisibleProgress(
                partitions,
                Moment(visible.GetInt64(1)),
                new ChangeVersion(Number(visible.GetValue(2))),
                await HoldsAsync(cancellation)
            );
    }

    async Task<OpenHolds> HoldsAsync(CancellationToken cancellation)
    {
        await using var row = await client.ExecuteReaderAsync(
            "SELECT count(), ifNull(min(toUnixTimestamp64Micro(holds_from)), 0), argMin(id, holds_from), argMin(reason, holds_from) "
                + "FROM holds",
            cancellationToken: cancellation
        );
        await row.ReadAsync(cancellation);
        return new OpenHolds((long)Number(row.GetValue(0)), Moment(row.GetInt64(1)), row.GetString(2), row.GetString(3));
    }

    /// <summary>
    /// The newest watermark of the newest epoch that the publication was whole at, at or before a position in the log. What is committed
    /// while it is not whole may never come, so such a watermark proves nothing.
    /// </summary>
    /// <remarks>
    /// A watermark comes when its transaction commits. Rows above it in the log, of transactions that committed while it was open, come
    /// before it: a position at such a row is above the watermark and does not follow it. So the position has to be at or behind the next
    /// watermark as well, whose transaction began after the first had committed.
    /// </remarks>
    /// <param name="lsn">The position; null where any will do.</param>
    /// <param name="ofEpoch">
    /// Of the log that the position is in: it says nothing of watermarks in another one. Null where that is not known.
    /// </param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<CameThrough> WatermarkAsync(ulong? lsn, int? ofEpoch, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("lsn", Math.Min(lsn ?? ChangeVersion.MaxLsn, ChangeVersion.MaxLsn));
        parameters.AddParameter("any", lsn is null ? 1 : 0);
        parameters.AddParameter("ofEpoch", ofEpoch ?? -1);
        const string Sql = """
            WITH (SELECT max(bitShiftRight(version, 57)) FROM watermarks) AS epoch,
                (SELECT max(version) FROM watermarks
                    WHERE bitShiftRight(version, 57) = epoch AND bitAnd(version, 72057594037927935) <= {lsn:UInt64}) AS newest
            SELECT
                count(), toUnixTimestamp64Micro(now64(6)) - toUnixTimestamp64Micro(max(recorded_at)),
                countIf(fits), toUnixTimestamp64Micro(argMaxIf(at, version, fits)), maxIf(version, fits), toInt32(epoch)
            FROM (SELECT *, bitShiftRight(version, 57) = epoch AND ({ofEpoch:Int32} = -1 OR {ofEpoch:Int32} = epoch)
            AND (version < newest OR ({any:UInt8} AND version = newest)) AND whole AS fits
                FROM watermarks)
            """;
        await using var row = await client.ExecuteReaderAsync(Sql, parameters, cancellationToken: cancellation);
        await row.ReadAsync(cancellation);
        return new CameThrough(
            Number(row.GetValue(2)) == 0 ? null : new Watermark(Moment(row.GetInt64(3)), new ChangeVersion(Number(row.GetValue(4)))),
            Number(row.GetValue(0)) == 0 ? null : TimeSpan.FromMicroseconds(row.GetInt64(1)),
            Number(row.GetValue(0)) == 0 ? null : row.GetInt32(5)
        );
    }

    /// <summary>
    /// True where a snapshot ended before this watermark and is not settled, also one whose last read has not come: rows that it did not
    /// find are still shown, see <see cref="Snapshots.SnapshotSettlement"/>. To be asked after progress was read that covers the snapshot's
    /// end.
    /// </summary>
    public async Task<bool> HasOpenSnapshotAsync(Watermark watermark, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("version", watermark.Version.Value);
        return Number(
                await client.ExecuteScalarAsync(
                    """
                    SELECT countIf(marker = 'last' AND settled = 0)
                        + (maxIf(version, marker = 'read' AND bitShiftRight(version, 57) = bitShiftRight({version:UInt64}, 57))
                            > maxIf(version, marker IN ('last', 'over') AND bitShiftRight(version, 57) = bitShiftRight({version:UInt64},
                                57)))
                    FROM snapshot_markers FINAL WHERE version <= {version:UInt64}
                    """,
                    parameters,
                    cancellationToken: cancellation
                )
            ) > 0;
    }

    /// <summary>
    /// Everything up to this watermark is visible. Where the clock jumped before it is kept first: the watermarks and commits that show it
    /// are kept for a day, and commits before a visible watermark are not looked at again. Repeating it, or recording an older one, changes
    /// nothing.
    /// </summary>
    public async Task RecordVisibleAsync(Watermark watermark, CancellationToken cancellation)
    {
        await restarts.NoticeAsync(watermark, cancellation);
        await KeepClockJumpsAsync(cancellation);
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("at", (watermark.AsOf - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);
        parameters.AddParameter("version", watermark.Version.Value);
        await client.ExecuteNonQueryAsync(
            "INSERT INTO visible_watermarks (as_of, version) SELECT fromUnixTimestamp64Micro({at:Int64}, 'UTC'), {version:UInt64}",
            parameters,
            cancellationToken: cancellation
        );
    }

    async Task KeepClockJumpsAsync(CancellationToken cancellation)
    {
        const string Found = """
            SELECT known_until, known_again, from_version, fall_version FROM recent_clock_jumps
            WHERE (from_version, fall_version, known_until, known_again) NOT IN
                (SELECT from_version, fall_version, known_until, known_again FROM clock_jumps)
            """;
        var jumps = new List<ClockJump>();
        await using (
            var reader = await client.ExecuteReaderAsync(
                $"SELECT toUnixTimestamp64Micro(known_until), toUnixTimestamp64Micro(known_again), from_version, fall_version FROM "
                    + $"({Found})",
                cancellationToken: cancellation
            )
        )
        {
            while (await reader.ReadAsync(cancellation))
            {
                jumps.Add(
                    new ClockJump(
                        reader.GetInt64(0),
                        reader.GetInt64(1),
                        new ChangeVersion(Number(reader.GetValue(2))),
                        new ChangeVersion(Number(reader.GetValue(3)))
                    )
                );
            }
        }
        if (jumps.Count > 0)
        {
            await client.ExecuteNonQueryAsync(
                $"INSERT INTO clock_jumps (known_until, known_again, from_version, fall_version) {Found}",
                cancellationToken: cancellation
            );
        }
        report.Found(jumps);
    }

    public async Task<List<TableParts>> PartsAsync(CancellationToken cancellation)
    {
        var parts = new List<TableParts>();
        await using var reader = await client.ExecuteReaderAsync(
            """
            SELECT table, toInt64(sum(parts)), toInt64(max(parts))
            FROM (SELECT table, partition_id, count() AS parts FROM system.parts WHERE active
            AND database = currentDatabase() GROUP BY table, partition_id)
            GROUP BY table
            """,
            cancellationToken: cancellation
        );
        while (await reader.ReadAsync(cancellation))
        {
            parts.Add(new TableParts(reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2)));
        }
        return parts;
    }

    static ulong Number(object value) => Convert.ToUInt64(value, CultureInfo.InvariantCulture);

    static DateTimeOffset Moment(long microseconds) => DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond);
}
