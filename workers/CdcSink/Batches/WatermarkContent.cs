using System.Text.Json;
using Betting.Debezium;

namespace Betting.CdcSink.Batches;

/// <summary>
/// Reads what the connector's <c>heartbeat.action.query</c> writes: <c>{"at" : "2026-01-01T12:00:00.123456+00:00"}</c>, PostgreSQL's
/// clock when it wrote the message. The record's own times do not say it: <c>source.ts_ms</c> is that of an earlier commit.
/// </summary>
static class WatermarkContent
{
    /// <param name="content">The message's content.</param>
    /// <param name="at">Microseconds since 1970 UTC, between 1970 and the end of 2299.</param>
    /// <returns>False where the content is anything else.</returns>
    public static bool TryRead(ReadOnlySpan<byte> content, out long at)
    {
        at = 0;
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
                var isAt = reader.ValueTextEquals("at"u8);
                reader.Read();
                if (isAt)
                {
                    isKnown = reader.TokenType == JsonTokenType.String && PostgresTime.TryParse(reader.ValueSpan, out at) is null
                        && at is > 0 and <= PostgresTime.LatestShown;
                }
                reader.Skip();
            }
            return isKnown && !reader.Read();
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException)
        {
            return false;
        }
    }
}
