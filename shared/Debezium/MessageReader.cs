using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;

namespace Betting.Debezium;

/// <summary>
/// Reads a logical message: <c>{"prefix":"fence","content":"…"}</c>, the content in base64, or as JSON where a transform decoded it.
/// </summary>
static class MessageReader
{
    public static void Read(ref Utf8JsonReader reader, ReadOnlyMemory<byte> payload, ref DecodedRecord record)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            return;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isPrefix = reader.ValueTextEquals("prefix"u8);
            var isContent = reader.ValueTextEquals("content"u8);
            reader.Read();
            if (isPrefix && reader.TokenType == JsonTokenType.String)
                record.Prefix = JsonText.Read(ref reader, payload);
            else if (isContent)
                record.Content = ReadContent(ref reader, payload);
            reader.Skip();
        }
    }

    static ReadOnlyMemory<byte> ReadContent(ref Utf8JsonReader reader, ReadOnlyMemory<byte> payload)
    {
        if (reader.TokenType == JsonTokenType.Null)
            return default;
        var start = (int)reader.TokenStartIndex;
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return payload[start..(int)reader.BytesConsumed];
        }
        var text = JsonText.Read(ref reader, payload);
        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        return Base64.DecodeFromUtf8(text.Span, bytes, out _, out var written) == OperationStatus.Done ? bytes.AsMemory(0, written) : text;
    }
}
