using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Formats;
using Betting.CdcSink.Messages;
using Betting.Debezium;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.Utility;

namespace Betting.CdcSink.Snapshots;

/// <summary>What ClickHouse knows of snapshots. Each statement has the same effect however often it runs.</summary>
public sealed class SnapshotStore(ChangeStore store)
{
    static readonly SourceTable[] Tables = [SourceTable.Users, SourceTable.Events, SourceTable.Bets];

    /// <summary>
    /// Snapshots that ended and are not settled, the oldest first. Debezium streams only after a snapshot: where a watermark beyond its
    /// reads was stored after them, it is over, whether or not its last read came.
    /// </summary>
    public async Task<List<SnapshotEnd>> OpenAsync(CancellationToken cancellation)
    {
        const string Sql = """
            WITH unseen AS
            (
                SELECT maxIf(version, marker = 'read') AS newest, maxIf(recorded_at, marker = 'read') AS stored_at
                FROM snapshot_markers FINAL
                GROUP BY bitShiftRight(version, 57)
                HAVING newest > maxIf(version, marker IN ('last', 'over'))
            )
            SELECT version, toUInt64(transaction_id), committed_at, topic, toInt64(partition), offset, toUInt64(marker = 'last'),
                toInt64(ifNull((SELECT max(toUnixTimestamp64Micro(stored_at)) FROM unseen), 0))
            FROM snapshot_markers FINAL
            WHERE (marker = 'last' AND settled = 0) OR (marker = 'read' AND version IN (SELECT newest FROM unseen))
            ORDER BY version
            LIMIT 1 BY version, if(marker = 'last', topic, '')
            FORMAT RowBinary
            """;
        var (open, stored) = (new List<SnapshotEnd>(), 0L);
        await store.ReadRowsAsync(
            Sql,
            null,
            (ref row) =>
            {
                var (version, transaction, committed) = (row.ReadUInt64(), row.ReadUInt64(), row.ReadInt64());
                var topic = System.Text.Encoding.UTF8.GetString(row.ReadString());
                var (partition, offset, isSeen) = (row.ReadInt64(), row.ReadInt64(), row.ReadUInt64() > 0);
                var lastStored = row.ReadInt64();
                if (!row.IsShort)
                {
                    open.Add(
                        new SnapshotEnd(new ChangeVersion(version), (uint)transaction, committed, topic, (int)partition, offset)
                        {
                            IsSeen = isSeen,
                        }
                    );
                    stored = lastStored;
                }
            },
            cancellation
        );
        foreach (var unseen in open.Where(end => !end.IsSeen).ToList())
        {
            if (!await WentOnAsync(unseen.Version, stored, cancellation))
            {
                open.Remove(unseen);
            }
        }
        return open;
    }

    /// <summary>Whether a watermark of the epoch beyond these reads was stored after them.</summary>
    async Task<bool> WentOnAsync(ChangeVersion reads, long stored, CancellationToken cancellation)
    {
        var end = ChangeVersion.Of(reads.Epoch, streamed: true, ChangeVersion.MaxLsn);
        return await NumberAsync(
                $"SELECT count() FROM watermarks WHERE version > {{from:UInt64}} AND version <= {{to:UInt64}} AND "
                    + $"toUnixTimestamp64Micro(recorded_at) > {stored}",
                ChangeVersion.Of(reads.Epoch, streamed: true, reads.Lsn),
                end,
                cancellation
            ) > 0;
    }

    /// <param name="table">Which table.</param>
    /// <param name="snapshot">The reads of the snapshot.</param>
    /// <param name="isSeen">Whether its last read came.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<TableFacts> FactsAsync(SourceTable table, SnapshotReads snapshot, bool isSeen, CancellationToken cancellation)
    {
        var ended = await EndedAsync(table, null, cancellation);
        var open = new ChangeVersion(ended.Value + 1);
        // TruncationVersions below its reads: an attempt to settle it was interrupted, and the join is to be repeated.
        var isHalfDone = ended == snapshot.Below;
        var (lost, doubtful) = await SkippedAsync(table, snapshot, await EndedAsync(table, snapshot.Below, cancellation), cancellation);
        return new TableFacts(
            IsRead: await store.HasChangesAsync(table, snapshot.Version, new ChangeVersion(snapshot.Version.Value + 1), cancellation),
            HasOlderRows: await store.HasChangesAsync(table, open, snapshot.EpochStart, cancellation),
            HasOlderReads: isHalfDone || await store.HasChangesAsync(table, open, snapshot.Version, cancellation),
            StreamRan: await WasReadIncrementallyAsync(table, snapshot, cancellation)
                || await HasStreamedBeforeAsync(table, snapshot, cancellation)
                || await WasStreamedAsync(table, snapshot, cancellation),
            WasRead: await WasReadAsync(table, snapshot.EpochStart, snapshot.Version, cancellation),
            IsWhole: (isSeen || await WasFinishedAsync(table, snapshot, cancellation)) && !lost,
            IsDoubtful: doubtful
        );
    }

    /// <summary>
    /// True where no first read of this snapshot came, and another snapshot of the same epoch was read, at another position of the log.
    /// </summary>
    /// <param name="reads">The version of its reads.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<bool> HasOtherReadsAsync(ChangeVersion reads, CancellationToken cancellation)
    {
        var start = ChangeVersion.Of(reads.Epoch, streamed: false, 0);
        var end = ChangeVersion.Of(reads.Epoch, streamed: false, ChangeVersion.MaxLsn);
        return await NumberAsync(
                $$"""
                SELECT toUInt64(countIf(marker = 'read' AND version != {{reads.Value}}) > 0 AND countIf(marker = 'first'
                AND version = {{reads.Value}}) = 0)
                FROM snapshot_markers WHERE version BETWEEN {from:UInt64} AND {to:UInt64}
                """,
                start,
                end,
                cancellation
            ) > 0;
    }

    /// <summary>True where reads of the snapshot stand before this one in its partition.</summary>
    public async Task<bool> HasEarlierReadsAsync(Snapshot read, CancellationToken cancellation)
    {
        var sql = FormattableString.Invariant(
            $$"""
            SELECT toUInt64(count()) FROM
            (
                SELECT 1 FROM {{Changes(read.Table)}}
                WHERE version BETWEEN {from:UInt64} AND {to:UInt64} AND partition = {{read.Partition}} AND offset < {{read.Offset}} LIMIT 1
            )
            """
        );
        return await NumberAsync(sql, read.Version, read.Version, cancellation) > 0;
    }

    /// <summary>True where another snapshot of the same epoch began, at another position of the log.</summary>
    public async Task<bool> HasAnotherAsync(ChangeVersion first, CancellationToken cancellation)
    {
        var start = ChangeVersion.Of(first.Epoch, streamed: false, 0);
        var end = ChangeVersion.Of(first.Epoch, streamed: false, ChangeVersion.MaxLsn);
        var sql =
            $"SELECT max(version) FROM snapshot_markers WHERE marker = 'first' AND version BETWEEN {{from:UInt64}} AND "
            + $"{{to:UInt64}} AND version != {first.Value}";
        return await NumberAsync(sql, start, end, cancellation) > 0;
    }

    /// <summary>
    /// The earliest sign of a newer epoch than this one: the first read of a snapshot, or a watermark, since an epoch may begin without a
    /// whole snapshot. Null where there is none.
    /// </summary>
    public async Task<EpochBegin?> NewerThanAsync(int epoch, CancellationToken cancellation)
    {
        if (epoch == ChangeVersion.MaxEpoch)
        {
            return null;
        }
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("from", ChangeVersion.Of(epoch + 1, streamed: false, 0).Value);
        const string Sql = """
            SELECT version, began_at FROM
            (
                SELECT version, committed_at AS began_at FROM snapshot_markers WHERE marker IN ('first', 'read')
                UNION ALL SELECT version, at FROM watermarks
                UNION ALL SELECT version, as_of FROM visible_watermarks
            )
            WHERE version >= {from:UInt64} ORDER BY began_at LIMIT 1 FORMAT RowBinary
            """;
        EpochBegin? newer = null;
        await store.ReadRowsAsync(
            Sql,
            parameters,
            (ref row) =>
            {
                var (version, began) = (row.ReadUInt64(), row.ReadInt64());
                newer = row.IsShort ? newer : new EpochBegin(new ChangeVersion(version).Epoch, began);
            },
            cancellation
        );
        return newer;
    }

    /// <summary>True where a snapshot that has ended, not an incremental one, read the table in this epoch.</summary>
    public Task<bool> HasWholeAsync(SourceTable table, int epoch, CancellationToken cancellation)
    {
        var end = new ChangeVersion(ChangeVersion.Of(epoch, streamed: false, ChangeVersion.MaxLsn).Value + 1);
        return WasReadAsync(table, ChangeVersion.Of(epoch, streamed: false, 0), end, cancellation);
    }

    /// <summary>
    /// Notes that the stream of the epoch ran before this snapshot. Its reads are newer than their position where the connector had a
    /// backlog, and newer than their time where it waited before it began to read. The first of them is at least as new as all that they
    /// read, so a read that was written after one that is noted changes nothing.
    /// </summary>
    public async Task NoteLaterAsync(Snapshot start, CancellationToken cancellation)
    {
        var noted =
            $"SELECT count() FROM snapshot_markers WHERE marker = 'later' AND version BETWEEN {{from:UInt64}} AND "
            + $"{{to:UInt64}} AND toUnixTimestamp64Micro(committed_at) <= {start.ReadAt}";
        if (await NumberAsync(noted, start.Version, start.Version, cancellation) > 0)
        {
            return;
        }
        using var rows = new NativeRows(ChangeRows.SnapshotMarkerColumns);
        var place = new StreamRecord(start.Topic, 0, 0, 0, null, null, []);
        ChangeRows.AddSnapshotMarker(
            rows,
            place,
            new DecodedRecord { Version = start.Version, CommitTime = start.NotedAt },
            SnapshotEnd.NotedMarker,
            Settlement.Open
        );
        ChangeRows.AddSnapshotMarker(
            rows,
            place,
            new DecodedRecord { Version = start.Version, CommitTime = start.ReadAt },
            SnapshotEnd.LaterMarker,
            Settlement.Open
        );
        await store.InsertAsync("snapshot_markers", rows, cancellation);
    }

    /// <summary>Notes that nothing is left to be done about this end.</summary>
    /// <param name="end">The end.</param>
    /// <param name="isWhole">Whether the snapshot read all of each table that it read. If not, it counts as none for later ones.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task SettleAsync(SnapshotEnd end, bool isWhole, CancellationToken cancellation)
    {
        var (marker, settlement) = (isWhole, end.IsSeen) switch
        {
            (true, _) => (SnapshotEnd.LastMarker, Settlement.Whole),
            (false, true) => (SnapshotEnd.LastMarker, Settlement.Part),
            (false, false) => (SnapshotEnd.OverMarker, Settlement.Whole),
        };
        using var rows = new NativeRows(ChangeRows.SnapshotMarkerColumns);
        ChangeRows.AddSnapshotMarker(rows, end.Place, end.Change, marker, settlement);
        await store.InsertAsync("snapshot_markers", rows, cancellation);
    }

    // The highest end of the table's rows; where a version is given, the highest one below it.
    async Task<ChangeVersion> EndedAsync(SourceTable table, ChangeVersion? below, CancellationToken cancellation) =>
        new(
            await NumberAsync(
                $"SELECT max(version) FROM truncations WHERE table = '{Name(table)}' AND version < {{to:UInt64}}",
                default,
                below ?? new ChangeVersion(ulong.MaxValue),
                cancellation
            )
        );

    /// <summary>
    /// Whether streamed changes of the epoch stand before the snapshot's reads in the same partition. Versions do not tell: a transaction
    /// that was open during the snapshot is streamed after it with a lower LSN.
    /// </summary>
    async Task<bool> WasStreamedAsync(SourceTable table, SnapshotReads snapshot, CancellationToken cancellation)
    {
        var streamed = ChangeVersion.Of(snapshot.Epoch, streamed: true, 0);
        var sql = $$"""
            SELECT toUInt64(count()) FROM
            (
                SELECT 1 FROM {{Changes(table)}} AS change
                INNER JOIN
                (
                    SELECT topic, partition, min(offset) AS first_read FROM {{Changes(table)}}
                    WHERE version BETWEEN {from:UInt64} AND {to:UInt64} GROUP BY topic, partition
                ) AS reads ON reads.topic = change.topic AND reads.partition = change.partition
                WHERE change.version BETWEEN {{streamed.Value}} AND {{streamed.Value | ChangeVersion.MaxLsn}}
                AND change.offset < reads.first_read
                LIMIT 1
            )
            """;
        return await NumberAsync(sql, snapshot.Version, snapshot.Version, cancellation) > 0;
    }

    /// <summary>
    /// Whether the stream of the epoch ran before the snapshot: an initial snapshot comes before all of it, so this one was ordered later
    /// and may be of a part. Three signs, of which one is enough. A transaction followed one that committed at or before the position of
    /// the reads; a watermark precedes that position; or a change was committed a minute before the reads, by PostgreSQL's clock. Positions
    /// are kept for a day, and not of a replay: where neither a position nor a watermark of the epoch is known, any earlier commit counts.
    /// </summary>
    /// <remarks>
    /// Times nearer to each other say nothing: the connector makes the slot first and takes the time of its reads afterwards, and what is
    /// committed between the two is streamed. Nor do positions of rows: a transaction that was open at the slot's beginning has rows before
    /// it.
    /// </remarks>
    public async Task<bool> HasStreamedBeforeAsync(SourceTable table, SnapshotReads snapshot, CancellationToken cancellation)
    {
        var streamed = ChangeVersion.Of(snapshot.Epoch, streamed: true, 0);
        var reads = ChangeVersion.Of(snapshot.Epoch, streamed: true, snapshot.Version.Lsn);
        var before = $$"""
            version BETWEEN {{streamed.Value}} AND {{streamed.Value | ChangeVersion.MaxLsn}} AND committed_at <
                (SELECT min(committed_at) FROM {{Changes(table)}} WHERE version BETWEEN {from:UInt64} AND {to:UInt64})
                    - toIntervalSecond(if((SELECT count() FROM commit_seconds WHERE epoch = {{snapshot.Epoch}})
                        + (SELECT count() FROM clock_readings WHERE version BETWEEN {{streamed.Value}}
                            AND {{streamed.Value | ChangeVersion.MaxLsn}}) > 0, 60, 0))
            """;
        var any = string.Join(
            " UNION ALL ",
            Tables
                .Select(each => $"(SELECT 1 FROM {Changes(each)} WHERE {before} LIMIT 1)")
                .Append($"(SELECT 1 FROM clock_readings WHERE version >= {streamed.Value} AND version < {reads.Value} LIMIT 1)")
                .Append($"(SELECT 1 FROM commit_seconds WHERE first_after BETWEEN {streamed.Value} AND {reads.Value} LIMIT 1)")
        );
        return await NumberAsync($"SELECT toUInt64(count()) FROM ({any})", snapshot.Version, snapshot.Version, cancellation) > 0;
    }

    /// <summary>Whether an incremental snapshot of the epoch read rows of the table that this one would delete.</summary>
    async Task<bool> WasReadIncrementallyAsync(SourceTable table, SnapshotReads snapshot, CancellationToken cancellation) =>
        await NumberAsync(
            $"SELECT count() FROM snapshot_markers WHERE marker = 'incremental' AND endsWith(topic, '.{Name(table)}') AND version >= "
                + $"{{from:UInt64}} AND version < {{to:UInt64}}",
            snapshot.EpochStart,
            snapshot.Version,
            cancellation
        ) > 0;

    /// <summary>
    /// Records of the table's topic that were left out: while its reads were read, so that some of them may be lost; or since the table was
    /// last settled and before the first of these reads, which may have been among them.
    /// </summary>
    async Task<(bool Lost, bool Doubtful)> SkippedAsync(
        SourceTable table,
        SnapshotReads snapshot,
        ChangeVersion ended,
        CancellationToken cancellation
    )
    {
        var last = await NumberAsync(
            $$"""
            SELECT if(count() = 0, 0, max(version) + 1) FROM snapshot_markers
            WHERE marker = 'skipped' AND endsWith(topic, '.{{Name(table)}}') AND version > {from:UInt64} AND version <= {to:UInt64}
            """,
            ended,
            snapshot.Version,
            cancellation
        );
        return (last == snapshot.Version.Value + 1, last > 0 && last <= snapshot.Version.Value);
    }

    /// <summary>Whether the last read of the table came, in this snapshot.</summary>
    async Task<bool> WasFinishedAsync(SourceTable table, SnapshotReads snapshot, CancellationToken cancellation) =>
        await NumberAsync(
            $"SELECT count() FROM snapshot_markers WHERE marker = 'table' AND endsWith(topic, '.{Name(table)}') AND version BETWEEN "
                + $"{{from:UInt64}} AND {{to:UInt64}}",
            snapshot.Version,
            snapshot.Version,
            cancellation
        ) > 0;

    /// <summary>Whether a whole snapshot that ended between these versions, all of one epoch, read the table.</summary>
    async Task<bool> WasReadAsync(SourceTable table, ChangeVersion start, ChangeVersion before, CancellationToken cancellation) =>
        await NumberAsync(
            $$"""
            SELECT count() FROM
            (
                SELECT 1 FROM {{Changes(table)}} WHERE version IN
                (
                    SELECT version FROM snapshot_markers FINAL
                    WHERE marker = 'last' AND settled != {{(int)Settlement.Part}} AND version >= {from:UInt64} AND version < {to:UInt64}
                )
                LIMIT 1
            )
            """,
            start,
            before,
            cancellation
        ) > 0;

    async Task<ulong> NumberAsync(string sql, ChangeVersion from, ChangeVersion to, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("from", from.Value);
        parameters.AddParameter("to", to.Value);
        var number = 0UL;
        await store.ReadRowsAsync(
            sql + " FORMAT RowBinary",
            parameters,
            (ref row) => number = row.ReadUInt64() is var value && row.IsShort ? number : value,
            cancellation
        );
        return number;
    }

    static string Name(SourceTable table) => table.ToString().ToLowerInvariant();

    static string Changes(SourceTable table) => Name(table).TrimEnd('s') + "_changes";
}
