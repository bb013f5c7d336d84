using System.Globalization;
using System.Text;
using Betting.Debezium;
using Betting.Tests.CdcSink.Proof;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Values;

/// <summary>
/// An envelope is read by a shorter way where it is written as Debezium writes it: one space in it, and the long way is taken.
/// </summary>
public sealed class CompactFormTests
{
    [Fact]
    public void Every_recorded_record_says_the_same_by_the_short_and_by_the_long_way()
    {
        var decoder = new RecordDecoder(new DecoderOptions());
        var changes = 0;
        foreach (var record in Directory.EnumerateFiles(Recordings.Folder, "*.jsonl.gz").SelectMany(Archive.Read))
        {
            Assert.Equal(Told(decoder, Spaced(record)), Told(decoder, record));
            changes += HasSource(record) ? 1 : 0;
        }
        Assert.InRange(changes, 5_000, int.MaxValue);
    }

    [Fact]
    public void So_does_whatever_accident_or_malice_makes_of_them()
    {
        var decoder = new RecordDecoder(new DecoderOptions());
        var fuzz = new Fuzz(77);
        for (var input = 0; input < TestSize.Of(50_000, 1_000_000); input++)
        {
            var record = fuzz.Next();
            Assert.Equal(Told(decoder, Spaced(record)), Told(decoder, record));
        }
    }

    [Theory]
    [InlineData("\"ts_ms\":1,\"lsn\":5", 5)]
    [InlineData("\"lsn\":7,\"sequence\":\"[null,\\\"9\\\"]\",\"xmin\":null", 7)]
    [InlineData("\"sequence\":\"[\\\"8\\\",\\\"9\\\"]\",\"ts_us\":99999999999999999", 9)]
    [InlineData("\"lsn\":\"6\"", 6)]
    [InlineData("\"lsn\":1,\"lsn\":2", 2)]
    [InlineData("\"lsn\":5,\"origin\":null,\"ts_ns\":1764146400000000000,\"txId\":null,\"table\":null,\"ts_us\":null", 5)]
    [InlineData("\"lsn\":5,\"origin\":null,\"ts_ns\":17641464000000000000000,\"origin_lsn\":true", 5)]
    [InlineData("\"name\":\"a\\\"b\",\"lsn\":3", 3)]
    [InlineData("\"nested\":{\"lsn\":1},\"lsn\":4", 4)]
    [InlineData("\"lsn\":4,\"ts_ms\":99999999999999999", 4)]
    public void A_place_is_found_however_it_is_written(string source, long lsn)
    {
        var record = Envelope(source);
        var decoder = new RecordDecoder(new DecoderOptions());
        decoder.Decode(record, out var decoded);
        Assert.Equal((RecordKind.RowChange, lsn), (decoded.Kind, (long)decoded.Position.Lsn));
        Assert.Equal(Told(decoder, Spaced(record)), Told(decoder, record));
    }

    [Theory]
    [InlineData("\"lsn\":01")]
    [InlineData("\"lsn\":1,")]
    [InlineData("\"lsn\":1}")]
    [InlineData("\"lsn\" 1")]
    [InlineData("\"lsn\":1,\"name\":\"\u0001\"")]
    [InlineData("\"lsn\":1,\"name\":\"open")]
    [InlineData("\"lsn\":1\"txId\":2")]
    public void What_is_no_JSON_is_refused_by_either_way(string source)
    {
        var decoder = new RecordDecoder(new DecoderOptions());
        decoder.Decode(Envelope(source), out var decoded);
        Assert.Equal((RecordKind.Undecodable, RejectReason.MalformedJson), (decoded.Kind, decoded.Reason));
        Assert.Equal(Told(decoder, Spaced(Envelope(source))), Told(decoder, Envelope(source)));
    }

    [Theory]
    [InlineData("\"amount\":\"10.50\",\"payout\":null")]
    [InlineData("\"amount\":\"10.5\",\"payout\":\"-3.00\"")]
    [InlineData("\"amount\":10.50,\"payout\":\"NAN\"")]
    [InlineData("\"amount\":\"1050\",\"payout\":\"0.00\"")]
    [InlineData("\"amount\":null,\"payout\":{\"scale\":2,\"value\":\"BBo=\"}")]
    [InlineData("\"amount\":\"10.50\",\"amount\":\"11.50\"")]
    [InlineData("\"amount\":\"__debezium_unavailable_value\",\"status\":\"__debezium_unavailable_value\"")]
    [InlineData("\"settled_at\":\"2026-01-01T00:00:00.000001+02\",\"payout\":\"1.00\"")]
    [InlineData("\"settled_at\":\"infinity\"")]
    [InlineData("\"settled_at\":\"1899-12-31T23:59:59Z\"")]
    [InlineData("\"settled_at\":1764146400000000")]
    [InlineData("\"placed_at\":null")]
    [InlineData("\"user_id\":-7")]
    [InlineData("\"user_id\":18446744073709551615")]
    [InlineData("\"user_id\":\"12\",\"event_id\":12.00")]
    [InlineData("\"user_id\":null")]
    [InlineData("\"id\":null")]
    [InlineData("\"id\":1e3")]
    [InlineData("\"status\":\"WON\"")]
    [InlineData("\"status\":\"OPEN\\u0020\"")]
    [InlineData("\"status\":null")]
    [InlineData("\"status\":\"\"")]
    [InlineData("\"odds\":1.5,\"legs\":[{\"id\":1}],\"note\":\"a\\\"b\"")]
    [InlineData("\"odds\":17,\"live\":true,\"note\":\"zwölf Zeichen und noch einige mehr\"")]
    public void A_row_says_the_same_by_either_way(string columns)
    {
        var record = new StreamRecord(
            "betting.public.bets",
            0,
            0,
            0,
            "{\"id\":5}"u8.ToArray(),
            Encoding.UTF8.GetBytes(
                "{\"before\":{\"id\":5,\"amount\":\"1.00\"},\"after\":{\"id\":5,\"user_id\":6,\"event_id\":7,\"status\":\"OPEN\",\"amount\":\"1.00\",\"placed_at\":\"2026-01-01T00:00:00Z\","
                    + columns
                    + "},\"source\":{\"lsn\":9},\"transaction\":{\"id\":\"7:9\",\"total_order\":3},\"op\":\"u\",\"ts_ms\":1}"
            ),
            []
        );
        var decoder = new RecordDecoder(new DecoderOptions());
        Assert.Equal(Told(decoder, Spaced(record)), Told(decoder, record));
        Assert.DoesNotContain(RejectReason.MalformedJson, Told(decoder, record));
    }

    // The row behind the source: its texts are found from where the short way ended.
    static StreamRecord Envelope(string source) =>
        new(
            "betting.public.users",
            0,
            0,
            0,
            "{\"id\":5}"u8.ToArray(),
            Encoding.UTF8.GetBytes(
                $"{{\"before\":null,\"source\":{{{source}}},\"after\":{{\"id\":5,\"name\":\"Ada\",\"created_at\":\"2026-01-01T00:00:00Z\"}},\"op\":\"u\"}}"
            ),
            []
        );

    static bool HasSource(StreamRecord record) => record.Value is { } value && value.AsSpan().IndexOf("\"source\":{\"version\""u8) >= 0;

    static StreamRecord Spaced(StreamRecord record) =>
        record.Value is not { } value
            ? record
            : record with
            {
                Value = Encoding.Latin1.GetBytes(
                    Encoding.Latin1.GetString(value).Replace("\"source\":{", "\"source\":{ ", StringComparison.Ordinal)
                ),
            };

    static string Told(RecordDecoder decoder, StreamRecord record)
    {
        decoder.Decode(record, out var d);
        return string.Create(
                CultureInfo.InvariantCulture,
                $"{d.Kind} {d.Reason} {d.Field} {d.Table} {d.Operation} {d.Id} {d.Version} {d.Position} {d.Snapshot} {d.TransactionId} "
                    + $"{d.CommitTime} {d.MissingColumns} {d.Unchanged} "
            )
            + $"{Text(d.User.Name)} {d.User.CreatedAt} {Text(d.Event.Name)} {Text(d.Event.Category)} {d.Event.StartTime} "
            + $"{Text(d.Event.Status)} {d.Bet.UserId} {d.Bet.EventId} {Text(d.Bet.Status)} "
            + $"{d.Bet.Amount} {d.Bet.Payout} {d.Bet.PlacedAt} {d.Bet.SettledAt} {Text(d.Prefix)} {Text(d.Content)} "
            + string.Join(' ', (d.Marks ?? []).Select(mark => $"{mark.Column}/{mark.Name}/{mark.Rule}/{Text(mark.Original)}"));
    }

    static string Text(ReadOnlyMemory<byte> bytes) => Convert.ToHexString(bytes.Span);
}
