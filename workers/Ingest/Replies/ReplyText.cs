using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Betting.Contracts.Commands;
using Betting.Ingest.Decide;
using Betting.Ingest.Messages;

namespace Betting.Ingest.Replies;

/// <summary>An answer as bytes: raw JSON, or in MassTransit's envelope for who asked with it.</summary>
static class ReplyText
{
    public const string RawType = "application/json",
        EnvelopeType = "application/vnd.masstransit+json";

    // What a client that did not say gets: the answer's own name.
    const string OwnType = "urn:message:Betting.BetCommands:CommandOutcome";

    static readonly string Parked = OutcomeText.Of(OutcomeKind.Parked);

    static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static ReadOnlyMemory<byte> Write(Reply answer, bool duplicate, ReplyAddress to, DateTime now)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(buffer, Readable);
        if (to.Request is { } request)
        {
            json.WriteStartObject();
            json.WriteString("messageId", Guid.CreateVersion7());
            WriteText(json, "requestId", request.RequestId);
            WriteText(json, "conversationId", request.ConversationId);
            json.WriteString("destinationAddress", request.ResponseAddress);
            json.WriteStartArray("messageType");
            foreach (var type in request.Accepts.DefaultIfEmpty(OwnType))
            {
                json.WriteStringValue(type);
            }
            json.WriteEndArray();
            json.WriteString("sentTime", now);
            json.WritePropertyName("message");
            WriteAnswer(json, answer, duplicate);
            json.WriteEndObject();
        }
        else
        {
            WriteAnswer(json, answer, duplicate);
        }
        json.Flush();
        return buffer.WrittenMemory;
    }

    static void WriteAnswer(Utf8JsonWriter json, Reply answer, bool duplicate)
    {
        json.WriteStartObject();
        if (answer.CommandId is { } id)
        {
            json.WriteString("id", id);
        }
        json.WriteString("outcome", answer.Outcome);
        WriteText(json, "reason", answer.Reason);
        WriteText(json, "field", answer.Field);
        json.WriteBoolean("final", answer.Outcome != Parked);
        if (answer.Waits is { } waits)
        {
            json.WriteString("waitsFor", waits.For);
            // Text: some languages' numbers have 53 bits.
            json.WriteString("waitsForId", waits.Id.ToString(CultureInfo.InvariantCulture));
            json.WriteString("until", CommandTime.ToText(waits.Until));
        }
        json.WriteBoolean("duplicate", duplicate);
        json.WriteEndObject();
    }

    static void WriteText(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }
}
