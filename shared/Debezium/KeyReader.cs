using System.Text.Json;

namespace Betting.Debezium;

/// <summary>Reads a row's id out of a record's key, <c>{"id":5}</c>, with or without a schema around it.</summary>
static class KeyReader
{
    /// <returns>Null where there is no key, or none that fits 64 bits.</returns>
    public static long? Read(byte[]? key, JsonReaderOptions json)
    {
        if (key is null)
            return null;
        try
        {
            return ReadRow(key, json);
        }
        catch (JsonException)
        {
            // The value may still name the row; a record that nothing names is rejected for that.
            return null;
        }
    }

    /// <exception cref="JsonException">The bytes are no JSON.</exception>
    public static long? ReadRow(ReadOnlySpan<byte> row, JsonReaderOptions json)
    {
        var reader = new Utf8JsonReader(row, json);
        return reader.Read() && reader.TokenType == JsonTokenType.StartObject ? ReadObject(ref reader) : null;
    }

    static long? ReadObject(ref Utf8JsonReader reader)
    {
        long? id = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isId = reader.ValueTextEquals("id"u8);
            var isPayload = reader.ValueTextEquals("payload"u8);
            reader.Read();
            if (isId && JsonText.ReadId(ref reader, out var value) is null)
                id = value;
            else if (isPayload && reader.TokenType == JsonTokenType.StartObject)
                id = ReadObject(ref reader) ?? id;
            reader.Skip();
        }
        return id;
    }
}
