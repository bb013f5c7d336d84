using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Betting.Contracts.Commands;

/// <summary>A command → UTF-8 JSON in the one form that this project writes: fields in the contract's order, no version.</summary>
/// <remarks>
/// <see cref="Encode(BetCommand)"/> writes each field as it is, also a value that <see cref="CommandDecoder"/> refuses;
/// <see cref="TryEncode"/> asks the decoder.
/// </remarks>
public static class CommandEncoder
{
    static readonly JsonWriterOptions Options = new()
    {
        // Names stay readable; what JSON itself demands is still escaped.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    /// <summary>Encodes a command that the decoder takes.</summary>
    /// <param name="command">The command.</param>
    /// <param name="json">Its bytes, where the result is true: they decode to an equal command.</param>
    /// <param name="refusal">What Ingest would refuse of it, where the result is false.</param>
    public static bool TryEncode(BetCommand command, [NotNullWhen(true)] out byte[]? json, [NotNullWhen(false)] out Refusal? refusal)
    {
        json = null;
        refusal = OfTexts(CommandContent.Of(command));
        if (refusal is not null)
        {
            return false;
        }
        var written = Encode(command);
        if (!CommandDecoder.TryRead(written, out _, out refusal))
        {
            return false;
        }
        json = written;
        return true;
    }

    /// <exception cref="ArgumentException">A text has half of a surrogate pair, which UTF-8 cannot hold.</exception>
    public static byte[] Encode(BetCommand command)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        Encode(command, buffer);
        return buffer.WrittenSpan.ToArray();
    }

    /// <exception cref="ArgumentException">A text has half of a surrogate pair, which UTF-8 cannot hold.</exception>
    public static void Encode(BetCommand command, IBufferWriter<byte> to)
    {
        var content = CommandContent.Of(command);
        if (OfTexts(content) is { } refusal)
        {
            throw new ArgumentException(refusal.ToString(), nameof(command));
        }
        using var json = new Utf8JsonWriter(to, Options);
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

    // The writer would put U+FFFD in the place of half a surrogate pair, without a word.
    static Refusal? OfTexts(CommandContent content) =>
        OfText(CommandFields.Name, content.Name)
        ?? OfText(CommandFields.Category, content.Category)
        ?? OfText(CommandFields.Status, content.Status);

    static Refusal? OfText(CommandFields field, string? text) =>
        FieldRules.IsWellFormed(text) ? null : new Refusal(CommandContract.NamesOf(field), FieldRules.WholePairs);

    static void WriteNumber(Utf8JsonWriter json, ReadOnlySpan<byte> name, long? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
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
