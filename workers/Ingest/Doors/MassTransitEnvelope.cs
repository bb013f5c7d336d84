using System.Text.Json;

namespace Betting.Ingest.Doors;

/// <summary>
/// MassTransit's JSON envelope: finds the command inside it without reading the rest. Senders that use MassTransit's raw
/// JSON, or no MassTransit, send the command itself.
/// </summary>
public static class MassTransitEnvelope
{
    const string ContentType = "application/vnd.masstransit+json";

    public static bool IsNamedBy(string? contentType) => contentType?.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase) ?? false;

    /// <returns>The bytes of the property <c>message</c>, or null where there is none or the envelope is broken.</returns>
    public static ReadOnlyMemory<byte>? Message(ReadOnlyMemory<byte> envelope)
    {
        var reader = new Utf8JsonReader(envelope.Span);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return null;
            }
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isMessage = !reader.ValueIsEscaped && reader.ValueSpan.SequenceEqual("message"u8);
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                if (isMessage)
                {
                    return envelope[start..(int)reader.BytesConsumed];
                }
            }
        }
        catch (JsonException)
        {
            // Told to the sender as a dead letter: an envelope without a command in it.
        }
        return null;
    }
}
