using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Betting.Contracts.Commands;

/// <summary>
/// UTF-8 JSON → a command, or a refusal that names the field and the fix. Strict, so that a mistake is seen by who made
/// it: unknown and repeated fields, wrong types and numbers out of range are refused, never guessed at.
/// </summary>
public static class CommandDecoder
{
    // A refused value of any depth is passed over, so that the id behind it is read.
    static readonly JsonReaderOptions Strict = new()
    {
        CommentHandling = JsonCommentHandling.Disallow,
        AllowTrailingCommas = false,
        MaxDepth = CommandContract.MaxBytes,
    };

    /// <param name="json">One JSON object.</param>
    /// <param name="command">The command, where the result is true.</param>
    /// <param name="refusal">Why there is none, where it is false.</param>
    public static bool TryDecode(
        ReadOnlySpan<byte> json,
        [NotNullWhen(true)] out BetCommand? command,
        [NotNullWhen(false)] out Refusal? refusal
    )
    {
        command = null;
        refusal = Check(json);
        return refusal is null && TryRead(json, out command, out refusal);
    }

    /// <summary>Judges the fields of what is UTF-8, whatever its size.</summary>
    internal static bool TryRead(
        ReadOnlySpan<byte> json,
        [NotNullWhen(true)] out BetCommand? command,
        [NotNullWhen(false)] out Refusal? refusal
    )
    {
        command = null;
        var values = new FieldValues();
        refusal = Read(json, ref values) ?? values.MissingOrForeign();
        if (refusal is not null)
        {
            refusal = refusal with { CommandId = values.ReadableId };
            return false;
        }
        command = values.ToCommand();
        return true;
    }

    static Refusal? Check(ReadOnlySpan<byte> json)
    {
        if (Refusal.OfCommandSize(json.Length) is { } tooLarge)
        {
            return tooLarge;
        }
        if (json.StartsWith(Encoding.UTF8.Preamble))
        {
            return new Refusal(Refusal.Document, "begin with {, without a byte order mark");
        }
        // The reader takes strings as they are; one check of the whole is cheaper than one a string.
        return Utf8.IsValid(json) ? null : new Refusal(Refusal.Document, "encode it as UTF-8");
    }

    // The first refusal counts; what follows is read for the kind, which tells whether the field belongs there, and for the id.
    static Refusal? Read(ReadOnlySpan<byte> json, ref FieldValues values)
    {
        var reader = new Utf8JsonReader(json, Strict);
        var (first, at) = ((Refusal?)null, CommandFields.None);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return new Refusal(Refusal.Document, "write one JSON object");
            }
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var field = FieldNames.Of(ref reader);
                if (ReadField(ref reader, field, ref values) is { } refusal)
                {
                    (first, at) = first is null ? (refusal, field) : (first, at);
                    // The rest of a value that is no plain one.
                    reader.Skip();
                }
            }
            // Reads past the end, where anything but white space is an error.
            reader.Read();
        }
        catch (JsonException broken)
        {
            first ??= new Refusal(
                Refusal.Document,
                $"write valid JSON (RFC 8259); it breaks in line {broken.LineNumber + 1} at byte {broken.BytePositionInLine + 1}"
            );
        }
        return first is null ? null : values.Judge(at, first);
    }

    // Leaves the reader at the value.
    static Refusal? ReadField(ref Utf8JsonReader reader, CommandFields field, ref FieldValues values)
    {
        var unknown =
            field == CommandFields.None ? new Refusal(FieldNames.Shown(ref reader), "leave it out: the contract has no such field") : null;
        reader.Read();
        if (unknown is not null || values.See(field))
        {
            return unknown ?? FieldReader.Read(ref reader, field, ref values);
        }
        if (field == CommandFields.Id)
        {
            // Of two ids nobody knows which one is meant.
            values.Id = Guid.Empty;
        }
        return new Refusal(CommandContract.NamesOf(field), "give it once");
    }
}
