using System.Buffers.Text;
using System.Text.Json;

namespace Betting.Debezium;

/// <summary>
/// Reads heartbeats, <c>{"ts_ms":…}</c>, and the transaction topic, <c>{"status":"BEGIN","id":"745:26852680","ts_ms":…}</c>.
/// </summary>
static class MetadataReader
{
    public static void Read(ref Utf8JsonReader reader, TopicRole role, ref DecodedRecord record)
    {
        var kind = role == TopicRole.Heartbeats ? RecordKind.Heartbeat : RecordKind.Undecodable;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.ValueSpan;
            reader.Read();
            if (name.SequenceEqual("ts_ms"u8))
                record.CommitTime = SourceReader.ReadMillis(ref reader);
            else if (name.SequenceEqual("status"u8) && role == TopicRole.Transactions && reader.TokenType == JsonTokenType.String)
                kind =
                    reader.ValueTextEquals("BEGIN"u8) ? RecordKind.TransactionBegin
                    : reader.ValueTextEquals("END"u8) ? RecordKind.TransactionEnd
                    : kind;
            else if (
                name.SequenceEqual("id"u8)
                && reader.TokenType == JsonTokenType.String
                && Utf8Parser.TryParse(reader.ValueSpan, out ulong transaction, out _)
            )
                record.TransactionId = (uint)transaction;
            reader.Skip();
        }
        record.Kind = kind;
    }
}
