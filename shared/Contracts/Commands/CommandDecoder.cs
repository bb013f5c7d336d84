using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Unicode;

namespace Betting.Contracts.Commands;

/// <summary>
/// UTF-8 JSON → a command, or a refusal that names the field and the fix. Strict, so that a mistake is seen by who made
/// it: unknown and repeated fields, wrong types and numbers out of range are refused, never guessed at.
/// </summary>
public static class CommandDecoder
{
    static readonly JsonReaderOptions Strict = new() { CommentHandling = JsonCommentHandling.Disallow, AllowTrailingCommas = false };

    /// <param name="json">One JSON object.</param>
    /// <param name="command">The command, where the result is true.</param>
    /// <param name="refusal">Why there is none, where it is false.</param>
    public static bool TryDecode(ReadOnlySpan<byte> json, [NotNullWhen(true)] out BetCommand? command, [NotNullWhen(false)] out Refusal? refusal)
    {
        command = null;
        refusal = Check(json);
        if (refusal is not null)
        {
            return false;
        }
        var values = new FieldValues();
        try
        {
            refusal = Read(json, ref values);
        }
        catch (JsonException broken)
        {
            refusal = new Refusal(Refusal.Document, $"write valid JSON (RFC 8259); it breaks at byte {broken.BytePositionInLine}");
        }
        refusal ??= values.MissingOrForeign();
        if (refusal is not null)
        {
            return false;
        }
        command = values.ToCommand();
        return true;
    }

    static Refusal? Check(ReadOnlySpan<byte> json)
    {
        if (json.Length > CommandContract.MaxBytes)
        {
            return new Refusal(Refusal.Document, $"keep it within {CommandContract.MaxBytes} bytes");
        }
        // The reader takes strings as they are; one check of the whole is cheaper than one a string.
        return Utf8.IsValid(json) ? null : new Refusal(Refusal.Document, "encode it as UTF-8");
    }

    static Refusal? Read(ReadOnlySpan<byte> json, ref FieldValues values)
    {
        var reader = new Utf8JsonReader(json, Strict);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return new Refusal(Refusal.Document, "write one JSON object");
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var field = FieldNames.Of(ref reader);
            if (field == CommandFields.None)
            {
                return new Refusal(FieldNames.Shown(ref reader), "leave it out: the contract has no such field");
            }
            if (!values.See(field))
            {
                return new Refusal(CommandContract.NamesOf(field), "give it once");
            }
            reader.Read();
            if (FieldReader.Read(ref reader, field, ref values) is { } wrong)
            {
                return wrong;
            }
        }
        // Reads past the end, where anything but white space is an error.
        reader.Read();
        return null;
    }
}
