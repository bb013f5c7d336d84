using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;

namespace Betting.Debezium;

/// <summary>Reads a decimal in whichever form <c>decimal.handling.mode</c> and the column's type gave it.</summary>
static class DecimalReader
{
    /// <summary>
    /// PostgreSQL's numeric has at most 131,072 digits before the point and 16,383 behind it; this is room for a thousand.
    /// </summary>
    const int MaxBytes = 512;

    /// <param name="reader">Stands at the value.</param>
    /// <param name="scale">What the schema says of base64 values; -1 without a schema, where a text is a decimal's text.</param>
    /// <param name="hundredths">The amount, or the nearest that there is.</param>
    /// <param name="mark">Null, or the <see cref="ValueSubstitution"/> why it is only the nearest.</param>
    /// <param name="original">With a mark, the number as text where the value's own text does not say it.</param>
    /// <returns>Null, or a <see cref="RejectReason"/>.</returns>
    public static string? Read(ref Utf8JsonReader reader, int scale, out long hundredths, out string? mark, out byte[]? original)
    {
        hundredths = 0;
        mark = null;
        original = null;
        return reader.TokenType switch
        {
            JsonTokenType.Number => MoneyParser.TryParse(reader.ValueSpan, out hundredths, out mark),
            JsonTokenType.String when scale < 0 => IsAmbiguous(reader.ValueSpan)
                ? RejectReason.AmbiguousDecimal
                : MoneyParser.TryParse(reader.ValueSpan, out hundredths, out mark),
            JsonTokenType.String => ReadBytes(reader.ValueSpan, scale, out hundredths, out mark, out original),
            JsonTokenType.StartObject => ReadVariableScale(ref reader, out hundredths, out mark, out original),
            _ => RejectReason.WrongType,
        };
    }

    /// <summary>
    /// Digits alone, four by four: as well base64 of <c>precise</c> mode whose schema was switched off. Money is not guessed.
    /// </summary>
    static bool IsAmbiguous(ReadOnlySpan<byte> text) =>
        text.Length > 0 && text.Length % 4 == 0 && !text.ContainsAnyExceptInRange((byte)'0', (byte)'9');

    static string? ReadBytes(ReadOnlySpan<byte> base64, int scale, out long hundredths, out string? mark, out byte[]? original)
    {
        hundredths = 0;
        mark = null;
        original = null;
        Span<byte> bytes = stackalloc byte[MaxBytes];
        var status = Base64.DecodeFromUtf8(base64, bytes, out _, out var written);
        if (status != OperationStatus.Done)
            return status == OperationStatus.DestinationTooSmall ? RejectReason.OutOfRange : RejectReason.WrongType;
        var problem = MoneyParser.TryRead(bytes[..written], scale, out hundredths, out mark);
        if (mark is not null)
            original = MoneyParser.Text(bytes[..written], scale);
        return problem;
    }

    /// <summary>A column without a declared scale: <c>{"scale":3,"value":"B1vNFQ=="}</c>.</summary>
    static string? ReadVariableScale(ref Utf8JsonReader reader, out long hundredths, out string? mark, out byte[]? original)
    {
        hundredths = 0;
        mark = null;
        original = null;
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
        return scale is >= 0 and < 20_000 ? ReadBytes(value, (int)scale, out hundredths, out mark, out original) : RejectReason.WrongType;
    }
}
