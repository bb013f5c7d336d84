using System.Text.Json;

namespace Betting.Debezium;

/// <summary>Strings and numbers of JSON as bytes, without making strings of them.</summary>
static class JsonText
{
    /// <summary>
    /// The current string, as a slice of <paramref name="json"/> where nothing in it is escaped, else unescaped into new bytes.
    /// </summary>
    public static ReadOnlyMemory<byte> Read(ref Utf8JsonReader reader, ReadOnlyMemory<byte> json)
    {
        if (!reader.ValueIsEscaped)
            return json.Slice((int)reader.TokenStartIndex + 1, reader.ValueSpan.Length);
        var unescaped = new byte[reader.ValueSpan.Length];
        return unescaped.AsMemory(0, reader.CopyString(unescaped));
    }

    /// <summary>A whole number, written as a number or as text.</summary>
    public static bool TryReadInteger(ref Utf8JsonReader reader, out long value)
    {
        value = 0;
        return reader.TokenType is JsonTokenType.Number or JsonTokenType.String
            && System.Buffers.Text.Utf8Parser.TryParse(reader.ValueSpan, out value, out var used)
            && used == reader.ValueSpan.Length;
    }

    /// <summary>
    /// An id: a whole number as a number or as text, perhaps with decimal places that are zero, as <c>numeric</c> keys have.
    /// </summary>
    /// <returns>Null, or a <see cref="RejectReason"/>: a whole number beyond 64 bits is told from what is no number.</returns>
    public static string? ReadId(ref Utf8JsonReader reader, out long id)
    {
        if (TryReadInteger(ref reader, out id))
            return null;
        if (reader.TokenType is not (JsonTokenType.Number or JsonTokenType.String))
            return RejectReason.WrongType;
        var text = reader.ValueSpan;
        var point = text.IndexOf((byte)'.');
        var whole = point < 0 ? text : text[..point];
        if (point >= 0 && text[(point + 1)..].ContainsAnyExcept((byte)'0'))
            return RejectReason.WrongType;
        if (System.Buffers.Text.Utf8Parser.TryParse(whole, out id, out var used) && used == whole.Length && whole.Length > 0)
            return null;
        var digits = whole.Length > 0 && whole[0] == '-' ? whole[1..] : whole;
        return digits.Length > 0 && !digits.ContainsAnyExceptInRange((byte)'0', (byte)'9')
            ? RejectReason.OutOfRange
            : RejectReason.WrongType;
    }

    /// <inheritdoc cref="TryReadInteger"/>
    public static ulong? ReadUnsigned(ref Utf8JsonReader reader) =>
        TryReadInteger(ref reader, out var value) && value >= 0 ? (ulong)value : null;
}
