using System.Text.Json;
using Betting.CdcSink.Messages;
using Betting.Debezium;

namespace Betting.CdcSink.Decode;

/// <summary>
/// Reads what the connector's <c>heartbeat.action.query</c> writes: <c>{"at" : "2026-01-01T12:00:00.123456+00:00"}</c>, PostgreSQL's
/// clock when it wrote the message, with <c>id</c>, <c>previous</c>, <c>publication</c> (UUIDs), <c>timeline</c> (a number),
/// <c>started</c> (a time as <c>at</c>) and <c>whole</c> (true or false; the message of an older query counts as whole). The record's own
/// times do not say it: <c>source.ts_ms</c> is that of an earlier commit.
/// </summary>
static class WatermarkContent
{
    /// <param name="content">The message's content.</param>
    /// <param name="at">Microseconds since 1970 UTC, between 1970 and the end of 2299.</param>
    /// <param name="link">The watermark before it; all zero where the content does not name it.</param>
    /// <returns>False where the content is no JSON object with a time.</returns>
    public static bool TryRead(ReadOnlySpan<byte> content, out long at, out WatermarkLink link)
    {
        (at, link) = (0, default);
        try
        {
            var reader = new Utf8JsonReader(content);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return false;
            }
            var isKnown = false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("at"u8))
                {
                    isKnown = TryReadTime(ref reader, out at);
                }
                else
                {
                    ReadLink(ref reader, ref link);
                }
                reader.Skip();
            }
            link = link.IsKnown ? link : default(WatermarkLink) with { IsIncomplete = link.IsIncomplete };
            return isKnown && !reader.Read();
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    static void ReadLink(ref Utf8JsonReader reader, ref WatermarkLink link)
    {
        if (reader.ValueTextEquals("id"u8))
        {
            link = link with { Id = ReadId(ref reader) };
        }
        else if (reader.ValueTextEquals("previous"u8))
        {
            link = link with { Previous = ReadId(ref reader) };
        }
        else if (reader.ValueTextEquals("publication"u8))
        {
            link = link with { Publication = ReadId(ref reader) };
        }
        else if (reader.ValueTextEquals("timeline"u8))
        {
            reader.Read();
            link = link with
            {
                Timeline = reader.TokenType == JsonTokenType.Number && reader.TryGetUInt32(out var timeline) ? timeline : 0,
            };
        }
        else if (reader.ValueTextEquals("started"u8))
        {
            link = link with { StartedAt = TryReadTime(ref reader, out var started) ? started : 0 };
        }
        else if (reader.ValueTextEquals("whole"u8))
        {
            reader.Read();
            link = link with { IsIncomplete = reader.TokenType == JsonTokenType.False };
        }
        else
        {
            reader.Read();
        }
    }

    static bool TryReadTime(ref Utf8JsonReader reader, out long micros)
    {
        micros = 0;
        reader.Read();
        return reader.TokenType == JsonTokenType.String
            && PostgresTime.TryParse(reader.ValueSpan, out micros) is null
            && micros is > 0 and <= PostgresTime.LatestShown;
    }

    static Guid ReadId(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.String && !reader.ValueIsEscaped && reader.TryGetGuid(out var id) ? id : Guid.Empty;
    }
}
