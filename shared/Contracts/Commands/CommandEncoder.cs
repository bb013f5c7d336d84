using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Betting.Contracts.Commands;

/// <summary>A command → UTF-8 JSON in the one form that this project writes: fields in the contract's order, no version.</summary>
public static class CommandEncoder
{
    static readonly JsonWriterOptions Options = new()
    {
        // Names stay readable; what JSON itself demands is still escaped.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    public static byte[] Encode(BetCommand command)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        Encode(command, buffer);
        return buffer.WrittenSpan.ToArray();
    }

    public static void Encode(BetCommand command, IBufferWriter<byte> to)
    {
        using var json = new Utf8JsonWriter(to, Options);
        var content = CommandContent.Of(command);
        json.WriteStartObject();
        json.WriteString("id"u8, command.Id);
        json.WriteString("kind"u8, CommandContract.TextOf(command.Kind));
        json.WriteString("issuedAt"u8, CommandTime.ToText(command.IssuedAt));
        WriteNumber(json, "betId"u8, content.BetId);
        WriteNumber(json, "userId"u8, content.UserId);
        WriteNumber(json, "eventId"u8, content.EventId);
        WriteText(json, "amount"u8, content.Amount?.ToString());
        WriteText(json, "payout"u8, content.Payout?.ToString());
        WriteText(json, "name"u8, content.Name);
        WriteText(json, "category"u8, content.Category);
        WriteText(json, "startTime"u8, content.StartTime is { } start ? CommandTime.ToText(start) : null);
        WriteText(json, "status"u8, content.Status);
        json.WriteEndObject();
    }

    static void WriteNumber(Utf8JsonWriter json, ReadOnlySpan<byte> name, long value)
    {
        if (value != 0)
        {
            json.WriteNumber(name, value);
        }
    }

    static void WriteText(Utf8JsonWriter json, ReadOnlySpan<byte> name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }
}
