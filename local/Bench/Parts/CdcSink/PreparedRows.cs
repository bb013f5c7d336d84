using Betting.CdcSink;
using Betting.CdcSink.Batches;
using Betting.CdcSink.Join;
using Betting.Debezium;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO;

namespace Betting.Local.Bench.Parts.CdcSink;

/// <summary>
/// The limit (a): the rows that the worker writes, encoded beforehand, as raw RowBinary inserts into the same tables. Batches have
/// the worker's size, and a batch's tables are written side by side. No broker, no decoding, no join, no setting.
/// </summary>
static class PreparedRows
{
    /// <returns>Changes a second, after the warm-up.</returns>
    public static async Task<double> RateAsync(SinkDatabase database, IEnumerable<MadeRecord> warmUp, IReadOnlyCollection<MadeRecord> measured, TimeProvider clock, CancellationToken cancellation)
    {
        using var client = new ClickHouseClient(new ClickHouseClientSettings(database.ConnectionString) { UseCompression = false });
        var size = new CdcSinkOptions().BatchRecords;
        foreach (var batch in warmUp.Chunk(size).Select(Encode))
        {
            await InsertAsync(client, batch, cancellation);
        }
        var batches = measured.Chunk(size).Select(Encode).ToList();
        var started = clock.GetTimestamp();
        foreach (var batch in batches)
        {
            await InsertAsync(client, batch, cancellation);
        }
        return measured.Count / clock.GetElapsedTime(started).TotalSeconds;
    }

    static async Task InsertAsync(ClickHouseClient client, (ChangeRows Changes, RowBinaryBuffer Rows) batch, CancellationToken cancellation)
    {
        using (batch.Changes)
        using (batch.Rows)
        {
            var tables = batch.Changes.Tables.Append((Table: "bets_analytics_rows", JoinedRows.Columns, batch.Rows)).Where(each => each.Rows.Rows > 0);
            await Task.WhenAll(tables.Select(async each =>
            {
                using var answer = await client.PostStreamAsync($"INSERT INTO {each.Table} ({each.Columns}) FORMAT RowBinary", each.Rows.Open(), isCompressed: false, cancellation);
            }));
        }
    }

    static (ChangeRows Changes, RowBinaryBuffer Rows) Encode(MadeRecord[] records)
    {
        var decoder = new RecordDecoder(new DecoderOptions());
        var (changes, rows) = (new ChangeRows(), new RowBinaryBuffer());
        for (var at = 0; at < records.Length; at++)
        {
            var record = new StreamRecord(records[at].Topic, 0, at, 0, records[at].Key, records[at].Value, []);
            decoder.Decode(record, out var change);
            changes.Add(record, change);
            if (change.Table == SourceTable.Bets)
            {
                Write(rows, change);
            }
        }
        return (changes, rows);
    }

    static void Write(RowBinaryBuffer rows, in DecodedRecord change)
    {
        var bet = change.Bet;
        rows.WriteInt64(change.Id);
        rows.WriteString(bet.Status.Span);
        rows.WriteInt64(bet.Amount);
        rows.WriteNullableInt64(bet.Payout);
        rows.WriteInt64(bet.PlacedAt);
        rows.WriteNullableInt64(bet.SettledAt);
        rows.WriteInt64(bet.UserId);
        rows.WriteString("user 12345"u8);
        rows.WriteNullableInt64(1_735_718_400_000_000);
        rows.WriteInt64(bet.EventId);
        rows.WriteString("event 1234"u8);
        rows.WriteString("football"u8);
        rows.WriteNullableInt64(1_796_148_000_000_000);
        rows.WriteString("SCHEDULED"u8);
        rows.WriteUInt64(change.Version.Value);
        rows.WriteUInt64(1);
        rows.WriteUInt64(1);
        // UInt128: the low half first.
        rows.WriteUInt64(2);
        rows.WriteUInt64(change.Version.Value);
        rows.WriteBool(false);
        // UInt16: no marks.
        rows.WriteUInt8(0);
        rows.WriteUInt8(0);
        rows.EndRow();
    }
}
