using System.Text.Json;

namespace Betting.Debezium;

/// <summary>
/// Takes payloads out of <c>{"schema":…,"payload":…}</c>. A topic's schema is the same bytes again and again, several times the
/// payload's size: it is parsed once, and afterwards only compared.
/// </summary>
sealed class SchemaCache(JsonReaderOptions json)
{
    readonly Dictionary<string, Known> known = [];

    /// <summary>The payload, perhaps with the wrapping's closing brace behind it; the whole value where nothing wraps it.</summary>
    /// <exception cref="JsonException">The bytes are no JSON.</exception>
    public ReadOnlyMemory<byte> Unwrap(string topic, byte[] value, out ColumnTypes types)
    {
        types = ColumnTypes.Unknown;
        if (known.Count > 0 && known.TryGetValue(topic, out var schema) && value.AsSpan().StartsWith(schema.Prefix))
        {
            types = schema.Types;
            return value.AsMemory(schema.Prefix.Length);
        }
        return UnwrapWhole(topic, value, out types);
    }

    /// <summary>The same without what is remembered: the payload alone, whatever else the wrapping holds.</summary>
    /// <exception cref="JsonException">The bytes are no JSON.</exception>
    public ReadOnlyMemory<byte> UnwrapWhole(string topic, byte[] value, out ColumnTypes types)
    {
        types = ColumnTypes.Unknown;
        if (
            !value.AsSpan().TrimStart(" \t\r\n{"u8).StartsWith("\"schema\""u8)
            && !value.AsSpan().TrimStart(" \t\r\n{"u8).StartsWith("\"payload\""u8)
        )
            return value;
        return Parse(topic, value, ref types);
    }

    ReadOnlyMemory<byte> Parse(string topic, byte[] value, ref ColumnTypes types)
    {
        int payloadStart = -1,
            payloadEnd = -1;
        var schemaCameFirst = false;
        var hasSchema = false;
        var reader = new Utf8JsonReader(value, json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("schema"u8))
            {
                reader.Read();
                hasSchema = true;
                types = ConnectSchema.Read(ref reader);
                schemaCameFirst = payloadStart < 0;
            }
            else if (reader.ValueTextEquals("payload"u8))
            {
                reader.Read();
                payloadStart = (int)reader.TokenStartIndex;
                reader.Skip();
                payloadEnd = (int)reader.BytesConsumed;
            }
            reader.Skip();
        }
        reader.Read();
        if (!hasSchema || payloadStart < 0)
            return value;
        if (schemaCameFirst)
            known[topic] = new Known(value[..payloadStart], types);
        return value.AsMemory(payloadStart, payloadEnd - payloadStart);
    }

    sealed record Known(byte[] Prefix, ColumnTypes Types);
}
