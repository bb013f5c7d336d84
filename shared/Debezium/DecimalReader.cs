using System.Buffers.Text;
using System.Text.Json;

namespace Betting.Debezium;

/// <summary>Reads a decimal in whichever form <c>decimal.handling.mode</c> and the column's type gave it.</summary>
static class DecimalReader
{
    /// <param name="reader">Stands at the value.</param>
    /// <param name="scale">What the schema says of base64 values; -1 without a schema, where a text is a decimal's text.</param>
    /// <param name="hundredths">The amount.</param>
    /// <returns>Null, or a <see cref="RejectReason"/>.</returns>
    public static string? Read(ref Utf8JsonReader reader, int scale, out long hundredths)
    {
        hundredths = 0;
        return reader.TokenType switch
        {
            JsonTokenType.Number => Hundredths.TryParse(reader.ValueSpan, out hundredths),
            JsonTokenType.String when scale < 0 => Hundredths.TryParse(reader.ValueSpan, out hundredths),
            JsonTokenType.String => ReadBytes(reader.ValueSpan, scale, out hundredths),
            JsonTokenType.StartObject => ReadVariableScale(ref reader, out hundredths),
            _ => RejectReason.WrongType,
        };
    }

    static string? ReadBytes(ReadOnlySpan<byte> base64, int scale, out long hundredths)
    {
        hundredths = 0;
        Span<byte> bytes = stackalloc byte[32];
        if (Base64.DecodeFromUtf8(base64, bytes, out _, out var written) == System.Buffers.OperationStatus.Done)
            return Hundredths.TryRead(bytes[..written], scale, out hundredths);
        return base64.Length > 40 ? RejectReason.OutOfRange : RejectReason.WrongType;
    }

    /// <summary>A column without a declared scale: <c>{"scale":3,"value":"B1vNFQ=="}</c>.</summary>
    static string? ReadVariableScale(ref Utf8JsonReader reader, out long hundredths)
    {
        hundredths = 0;
        long scale = -1;
        ReadOnlySpan<byte> value = default;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isScale = reader.ValueTextEquals("scale"u8);
            var isValue = reader.ValueTextEquals("value"u8);
            reader.Read();
            if (isScale && !JsonText.TryReadInteger(ref reader, out scale))
                scale = -1;
            if (isValue && reader.TokenType == JsonTokenType.String)
                value = reader.ValueSpan;
            reader.Skip();
        }
        return scale is >= 0 and < 100 ? ReadBytes(value, (int)scale, out hundredths) : RejectReason.WrongType;
    }
}
