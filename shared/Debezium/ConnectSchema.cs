using System.Text.Json;

namespace Betting.Debezium;

/// <summary>Reads the schema that Kafka Connect's JSON converter writes around each payload.</summary>
static class ConnectSchema
{
    /// <summary>Walks the schema object at which the reader stands.</summary>
    public static ColumnTypes Read(ref Utf8JsonReader reader)
    {
        var types = ColumnTypes.Unknown;
        if (reader.TokenType == JsonTokenType.StartObject)
            ReadField(ref reader, ref types);
        return types;
    }

    static void ReadField(ref Utf8JsonReader reader, ref ColumnTypes types)
    {
        string? column = null;
        var scale = -1;
        var unit = TimeUnit.Unknown;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("field"u8))
            {
                reader.Read();
                column = Column(ref reader);
            }
            else if (reader.ValueTextEquals("name"u8))
            {
                reader.Read();
                unit = Unit(ref reader);
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
                    ReadField(ref reader, ref types);
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
        types = With(types, column, scale, unit);
    }

    /// <summary>Known columns only; a scale or unit that a field does not name leaves what another row of the envelope said.</summary>
    static ColumnTypes With(ColumnTypes types, string? column, int scale, TimeUnit unit) =>
        column switch
        {
            "amount" when scale >= 0 => types with { Amount = scale },
            "payout" when scale >= 0 => types with { Payout = scale },
            "created_at" when unit != TimeUnit.Unknown => types with { Times = types.Times with { CreatedAt = unit } },
            "start_time" when unit != TimeUnit.Unknown => types with { Times = types.Times with { StartTime = unit } },
            "placed_at" when unit != TimeUnit.Unknown => types with { Times = types.Times with { PlacedAt = unit } },
            "settled_at" when unit != TimeUnit.Unknown => types with { Times = types.Times with { SettledAt = unit } },
            _ => types,
        };

    static string? Column(ref Utf8JsonReader reader) =>
        reader.TokenType != JsonTokenType.String ? null
        : reader.ValueTextEquals("amount"u8) ? "amount"
        : reader.ValueTextEquals("payout"u8) ? "payout"
        : reader.ValueTextEquals("created_at"u8) ? "created_at"
        : reader.ValueTextEquals("start_time"u8) ? "start_time"
        : reader.ValueTextEquals("placed_at"u8) ? "placed_at"
        : reader.ValueTextEquals("settled_at"u8) ? "settled_at"
        : null;

    /// <summary>The semantic types of <c>time.precision.mode</c>; texts (ZonedTimestamp, IsoTimestamp) need no unit.</summary>
    static TimeUnit Unit(ref Utf8JsonReader reader) =>
        reader.TokenType != JsonTokenType.String ? TimeUnit.Unknown
        : reader.ValueTextEquals("io.debezium.time.MicroTimestamp"u8) ? TimeUnit.Microseconds
        : reader.ValueTextEquals("io.debezium.time.Timestamp"u8) || reader.ValueTextEquals("org.apache.kafka.connect.data.Timestamp"u8)
            ? TimeUnit.Milliseconds
        : reader.ValueTextEquals("io.debezium.time.NanoTimestamp"u8) ? TimeUnit.Nanoseconds
        : reader.ValueTextEquals("io.debezium.time.Date"u8) || reader.ValueTextEquals("org.apache.kafka.connect.data.Date"u8)
            ? TimeUnit.Days
        : TimeUnit.Unknown;

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
            if (
                isScale
                && reader.TokenType == JsonTokenType.String
                && System.Buffers.Text.Utf8Parser.TryParse(reader.ValueSpan, out int said, out _)
                && said is >= 0 and <= 38
            )
                scale = said;
            reader.Skip();
        }
        return scale;
    }
}
