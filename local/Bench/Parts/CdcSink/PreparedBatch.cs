using Betting.CdcSink.Batches;
using Betting.CdcSink.Join;
using Betting.Debezium;

namespace Betting.Local.Bench.Parts.CdcSink;

/// <summary>The rows that the worker would write for some records, one joined row for each change of a bet, by table.</summary>
static class PreparedBatch
{
    public static IEnumerable<(string Table, NativeRows Rows)> Of(MadeRecord[] records)
    {
        var decoder = new RecordDecoder(new DecoderOptions());
        var (changes, joined) = (new ChangeRows(), new NativeRows(JoinedRows.Columns));
        for (var at = 0; at < records.Length; at++)
        {
            var record = new StreamRecord(records[at].Topic, 0, at, 0, records[at].Key, records[at].Value, []);
            decoder.Decode(record, out var change);
            changes.Add(record, change);
            if (change.Table == SourceTable.Bets)
            {
                Join(joined, change);
            }
        }
        return changes.Tables.Append((Table: "bets_analytics_rows", Rows: joined)).Where(each => each.Rows.Rows > 0);
    }

    static void Join(NativeRows rows, in DecodedRecord change)
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
        rows.WriteUInt128(new UInt128(change.Version.Value, 2));
        rows.WriteBool(false);
        rows.WriteUInt16(0);
        rows.EndRow();
    }
}
