using System.Text;
using Betting.Debezium;
using Betting.Tests.Fixtures;

namespace Betting.Tests.Shared.Debezium;

/// <summary>Records made by hand around the envelope that the test is about, and records as Debezium made them.</summary>
static class Given
{
    public const string Source =
        """{"connector":"postgresql","ts_ms":1795367457367,"snapshot":"false","sequence":"[\"26853136\",\"26853144\"]","schema":"public","table":"bets","txId":748,"lsn":26853144}""";

    public const string Bet =
        """{"id":5,"user_id":2,"event_id":3,"status":"OPEN","amount":"6.25","payout":null,"placed_at":"2025-11-01T12:00:05.000000Z","settled_at":null}""";

    public static StreamRecord Record(
        string? value,
        string? key = """{"id":5}""",
        string topic = "betting.public.bets",
        params (string Name, string Value)[] headers
    ) => new(topic, 0, 0, 0, Bytes(key), Bytes(value), [.. headers.Select(header => new RecordHeader(header.Name, Bytes(header.Value)))]);

    public static string Envelope(string after = Bet, string source = Source, string op = "c", string before = "null") =>
        $$"""{"before":{{before}},"after":{{after}},"source":{{source}},"transaction":{"id":"748:26853136","total_order":7,"data_collection_order":1},"op":"{{op}}","ts_ms":1}""";

    public static DecodedRecord Decode(StreamRecord record, DecoderOptions? options = null)
    {
        new RecordDecoder(options ?? new()).Decode(record, out var decoded);
        return decoded;
    }

    public static DecodedRecord Decode(
        string? value,
        string? key = """{"id":5}""",
        string topic = "betting.public.bets",
        params (string, string)[] headers
    ) => Decode(Record(value, key, topic, headers));

    public static List<(StreamRecord Record, DecodedRecord Decoded)> Recorded(string scenario)
    {
        var decoder = new RecordDecoder(new());
        return
        [
            .. Archive
                .Read(Recordings.File(scenario))
                .Select(record =>
                {
                    decoder.Decode(record, out var decoded);
                    return (record, decoded);
                }),
        ];
    }

    public static string Text(ReadOnlyMemory<byte> utf8) => Encoding.UTF8.GetString(utf8.Span);

    static byte[]? Bytes(string? text) => text is null ? null : Encoding.UTF8.GetBytes(text);
}
