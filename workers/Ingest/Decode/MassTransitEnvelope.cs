using System.Text.Json;
using Betting.Contracts.Commands;

namespace Betting.Ingest.Decode;

/// <summary>
/// MassTransit's JSON envelope: finds the command inside it, and what an answer needs. Senders that use MassTransit's raw JSON,
/// or no MassTransit, send the command itself.
/// </summary>
/// <param name="Message">The bytes of the property <c>message</c>; null where <paramref name="Fault"/> says why there are none.</param>
/// <param name="ResponseAddress">Where a request client waits.</param>
/// <param name="RequestId">What it waits for.</param>
/// <param name="ConversationId">What its messages belong to.</param>
/// <param name="TraceParent">The trace that the sender was in, in W3C's form.</param>
/// <param name="Accepts">Message types that a request client takes as an answer.</param>
/// <param name="Fault">What is wrong with the envelope, in words for its sender; null where a message was found.</param>
public readonly record struct MassTransitEnvelope(
    ReadOnlyMemory<byte>? Message,
    string? ResponseAddress,
    string? RequestId,
    string? ConversationId,
    string? TraceParent,
    IReadOnlyList<string> Accepts,
    string? Fault
)
{
    const string ContentType = "application/vnd.masstransit+json";

    // Texts longer than this are no address or id.
    const int MostText = 512,
        MostTypes = 8;

    const string NoMessage = "send an envelope with a property named message",
        Twice = "give message once in the envelope",
        Broken = "write the envelope as valid JSON (RFC 8259)";

    // No envelope is nested deeper than it has bytes: depth is no limit of its own.
    static readonly JsonReaderOptions AnyDepth = new() { MaxDepth = CommandContract.MaxMessageBytes };

    static readonly MassTransitEnvelope None = new(null, null, null, null, null, [], NoMessage);

    public static bool IsNamedBy(string? contentType) => contentType?.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase) ?? false;

    /// <summary>
    /// Never throws, whatever the bytes. A text that is no Unicode is left out, as one that is too long is: it is no address and no id.
    /// </summary>
    public static MassTransitEnvelope Read(ReadOnlyMemory<byte> envelope) => Read(envelope, new Utf8JsonReader(envelope.Span, AnyDepth));

    /// <summary>What an answer needs, as far as the first bytes of an envelope tell it; without a message.</summary>
    public static MassTransitEnvelope ReadBeginning(ReadOnlyMemory<byte> beginning) =>
        Read(beginning, new Utf8JsonReader(beginning.Span, isFinalBlock: false, new JsonReaderState(AnyDepth))) with
        {
            Message = null,
        };

    static MassTransitEnvelope Read(ReadOnlyMemory<byte> envelope, Utf8JsonReader reader)
    {
        var found = None;
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return None;
            }
            // Deeper, where a value of a beginning has no end and was not passed over.
            while (reader.Read() && reader is { TokenType: JsonTokenType.PropertyName, CurrentDepth: 1 })
            {
                Take(ref reader, envelope, ref found);
            }
            // Reads past the end, where anything but white space is an error.
            reader.Read();
            return found;
        }
        // The reader refuses an escaped name or text that is no Unicode with an InvalidOperationException.
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            return None with { Fault = Broken };
        }
    }

    // At a property's name; leaves the reader at the end of its value.
    static void Take(ref Utf8JsonReader reader, ReadOnlyMemory<byte> envelope, ref MassTransitEnvelope found)
    {
        if (reader.ValueTextEquals("message"u8))
        {
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.TrySkip();
            // Two commands in one message: there is no telling which one is meant, so neither is applied.
            found =
                found.Message is null && found.Fault != Twice
                    ? found with
                    {
                        Message = envelope[start..(int)reader.BytesConsumed],
                        Fault = null,
                    }
                    : found with
                    {
                        Message = null,
                        Fault = Twice,
                    };
        }
        else if (reader.ValueTextEquals("responseAddress"u8))
        {
            found = found with { ResponseAddress = Text(ref reader) };
        }
        else if (reader.ValueTextEquals("requestId"u8))
        {
            found = found with { RequestId = Text(ref reader) };
        }
        else if (reader.ValueTextEquals("conversationId"u8))
        {
            found = found with { ConversationId = Text(ref reader) };
        }
        else if (reader.ValueTextEquals("headers"u8))
        {
            reader.Read();
            Headers(ref reader, ref found);
        }
        else
        {
            reader.Read();
            reader.TrySkip();
        }
    }

    static void Headers(ref Utf8JsonReader reader, ref MassTransitEnvelope found)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.TrySkip();
            return;
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("MT-Activity-Id"u8) || reader.ValueTextEquals("traceparent"u8))
            {
                found = found with { TraceParent = Text(ref reader) };
            }
            else if (reader.ValueTextEquals("MT-Request-AcceptType"u8))
            {
                reader.Read();
                found = found with { Accepts = Texts(ref reader) };
            }
            else
            {
                reader.Read();
                reader.TrySkip();
            }
        }
    }

    static string? Text(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.String)
        {
            return Unicode(ref reader);
        }
        reader.TrySkip();
        return null;
    }

    static string? Unicode(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.ValueSpan.Length <= MostText ? reader.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, or bytes that are no UTF-8.
            return null;
        }
    }

    static List<string> Texts(ref Utf8JsonReader reader)
    {
        var texts = new List<string>();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.TrySkip();
            return texts;
        }
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.String && texts.Count < MostTypes && Unicode(ref reader) is { } text)
            {
                texts.Add(text);
            }
            reader.TrySkip();
        }
        return texts;
    }
}
