using Betting.CdcSink.Formats;
using Betting.CdcSink.Join;
using Betting.CdcSink.Messages;
using Betting.Debezium;

namespace Betting.Local.Bench.Parts.CdcSink;

/// <summary>
/// The rows that the worker writes for a stream of records, batch by batch and by table: each record's change; the rows of the bets that
/// changed; and, unless left out, those of all bets that name a changed user or event, each bet once a batch.
/// </summary>
/// <param name="rewrites">Whether users and events bring their bets' rows.</param>
sealed class PreparedBatches(bool rewrites = true)
{
    readonly RecordDecoder _decoder = new(new DecoderOptions());
    readonly Dictionary<long, MadeRecord> _newest = [];
    readonly Dictionary<(SourceTable Table, long Id), HashSet<long>> _naming = [];

    /// <summary>Rows of bets made so far.</summary>
    public long Joined { get; private set; }

    public IEnumerable<(string Table, NativeRows Rows)> Next(MadeRecord[] records)
    {
        var (changes, joined) = (new ChangeRows(), new NativeRows(JoinedRows.Columns));
        var touched = new HashSet<long>();
        for (var at = 0; at < records.Length; at++)
        {
            var record = Record(records[at], at);
            _decoder.Decode(record, out var change);
            changes.Add(record, change);
            if (change.Table == SourceTable.Bets)
            {
                touched.Add(change.Id);
                Know(change, records[at]);
            }
            else if (_naming.TryGetValue((change.Table, change.Id), out var bets))
            {
                touched.UnionWith(bets);
            }
        }
        foreach (var bet in touched)
        {
            _decoder.Decode(Record(_newest[bet], 0), out var change);
            Join(joined, change);
        }
        Joined += touched.Count;
        return changes.Tables.Append((Table: "bets_analytics_rows", Rows: joined)).Where(each => each.Rows.Rows > 0);
    }

    void Know(in DecodedRecord change, MadeRecord record)
    {
        _newest[change.Id] = record;
        if (!rewrites)
        {
            return;
        }
        foreach (var named in new[] { (SourceTable.Users, change.Bet.UserId), (SourceTable.Events, change.Bet.EventId) })
        {
            if (!_naming.TryGetValue(named, out var bets))
            {
                _naming.Add(named, bets = []);
            }
            bets.Add(change.Id);
        }
    }

    static StreamRecord Record(MadeRecord record, long offset) => new(record.Topic, 0, offset, 0, record.Key, record.Value, []);

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
