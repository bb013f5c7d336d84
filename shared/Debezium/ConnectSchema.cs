using System.Text.Json;

namespace Betting.Debezium;

/// <summary>The scales of base64 decimals (<c>decimal.handling.mode=precise</c>), which only the schema tells; -1 where it says none.</summary>
readonly record struct DecimalScales(int Amount, int Payout)
{
    public static readonly DecimalScales Unknown = new(-1, -1);
}

/// <summary>Reads the schema that Kafka Connect's JSON converter writes around each payload.</summary>
static class ConnectSchema
{
    /// <summary>Walks the schema object at which the reader stands.</summary>
    public static DecimalScales Read(ref Utf8JsonReader reader)
    {
        var scales = DecimalScales.Unknown;
        if (reader.TokenType == JsonTokenType.StartObject)
            ReadField(ref reader, ref scales);
        return scales;
    }

    static void ReadField(ref Utf8JsonReader reader, ref DecimalScales scales)
    {
        int column = 0, scale = -1;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("field"u8))
            {
                reader.Read();
                column = reader.TokenType != JsonTokenType.String ? 0 : reader.ValueTextEquals("amount"u8) ? 1 : reader.ValueTextEquals("payout"u8) ? 2 : 0;
            }
            else if (reader.ValueTextEquals("parameters"u8))
            {
                reader.Read();
                scale = ReadScale(ref reader);
            }
            else if (reader.ValueTextEquals("fields"u8))
            {
                reader.Read();
                if (reader.TokenType != JsonTokenType.StartArray)
                    continue;
                while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
                    ReadField(ref reader, ref scales);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
        if (scale >= 0 && column != 0)
            scales = column == 1 ? scales with { Amount = scale } : scales with { Payout = scale };
    }

    /// <summary><c>"parameters":{"scale":"2",…}</c></summary>
    static int ReadScale(ref Utf8JsonReader reader)
    {
        var scale = -1;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return scale;
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isScale = reader.ValueTextEquals("scale"u8);
            reader.Read();
            if (isScale && reader.TokenType == JsonTokenType.String && System.Buffers.Text.Utf8Parser.TryParse(reader.ValueSpan, out int said, out _) && said is >= 0 and <= 38)
                scale = said;
            reader.Skip();
        }
        return scale;
    }
}
