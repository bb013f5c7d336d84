using System.Text.Json;

namespace Betting.Debezium;

/// <summary>Strings and numbers of JSON as bytes, without making strings of them.</summary>
static class JsonText
{
    /// <summary>The current string, as a slice of <paramref name="json"/> where nothing in it is escaped, else unescaped into new bytes.</summary>
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
            && System.Buffers.Text.Utf8Parser.TryParse(reader.ValueSpan, out value, out var used) && used == reader.ValueSpan.Length;
    }

    /// <inheritdoc cref="TryReadInteger"/>
    public static ulong? ReadUnsigned(ref Utf8JsonReader reader) =>
        TryReadInteger(ref reader, out var value) && value >= 0 ? (ulong)value : null;
}
