using System.Buffers.Text;
using System.Text.Json;

namespace Betting.Contracts.Commands;

/// <summary>Reads one field's value; a value of the wrong type or out of range is refused with what is right.</summary>
static class FieldReader
{
    /// <returns>Null where the value was read into <paramref name="values"/>.</returns>
    public static Refusal? Read(ref Utf8JsonReader reader, CommandFields field, ref FieldValues values)
    {
        try
        {
            var read = field switch
            {
                CommandFields.Version => ReadVersion(ref reader),
                CommandFields.Id => ReadId(ref reader, ref values),
                CommandFields.Kind => ReadKind(ref reader, ref values),
                CommandFields.IssuedAt => ReadTime(
                    ref reader,
                    CommandContract.MinIssuedAt,
                    CommandContract.MaxIssuedAt,
                    out values.IssuedAt
                ),
                CommandFields.StartTime => ReadTime(
                    ref reader,
                    CommandContract.MinStartTime,
                    CommandContract.MaxStartTime,
                    out values.StartTime
                ),
                CommandFields.BetId => ReadNumber(ref reader, out values.BetId),
                CommandFields.UserId => ReadNumber(ref reader, out values.UserId),
                CommandFields.EventId => ReadNumber(ref reader, out values.EventId),
                CommandFields.Amount => ReadMoney(ref reader, CommandContract.MaxAmount, out values.Amount),
                CommandFields.Payout => ReadMoney(ref reader, CommandContract.MaxPayout, out values.Payout),
                CommandFields.Name => ReadText(ref reader, CommandContract.MaxName, out values.Name),
                CommandFields.Category => ReadText(ref reader, CommandContract.MaxCategory, out values.Category),
                _ => ReadStatus(ref reader, ref values),
            };
            return read ? null : new Refusal(CommandContract.NamesOf(field), FieldRules.Fix(field));
        }
        catch (InvalidOperationException)
        {
            // The reader's way to say that an escaped surrogate has no partner.
            return new Refusal(CommandContract.NamesOf(field), FieldRules.WholePairs);
        }
    }

    static bool ReadVersion(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var version) && version == CommandContract.Version;

    static bool ReadId(ref Utf8JsonReader reader, ref FieldValues values) =>
        reader.TokenType == JsonTokenType.String && reader.TryGetGuid(out values.Id) && values.Id != Guid.Empty;

    static bool ReadKind(ref Utf8JsonReader reader, ref FieldValues values)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            return false;
        }
        foreach (var kind in CommandContract.Kinds)
        {
            if (reader.ValueTextEquals(kind.Text))
            {
                values.Kind = kind;
                return true;
            }
        }
        return false;
    }

    static bool ReadStatus(ref Utf8JsonReader reader, ref FieldValues values)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            foreach (var status in EventStatus.All)
            {
                if (reader.ValueTextEquals(status))
                {
                    values.Status = status;
                    return true;
                }
            }
        }
        return false;
    }

    // TryGetInt64 takes no fraction and no exponent; "1.0" is no id. As text, for languages whose numbers have 53 bits.
    static bool ReadNumber(ref Utf8JsonReader reader, out long number)
    {
        number = 0;
        if (reader.TokenType == JsonTokenType.Number)
        {
            return reader.TryGetInt64(out number) && number > 0;
        }
        var digits = Text(ref reader);
        return digits is [>= (byte)'1' and <= (byte)'9', ..]
            && Utf8Parser.TryParse(digits, out number, out var read)
            && read == digits.Length;
    }

    static bool ReadMoney(ref Utf8JsonReader reader, Money limit, out Money amount)
    {
        amount = default;
        var text = reader.TokenType == JsonTokenType.Number ? reader.ValueSpan : Text(ref reader);
        return Money.TryParse(text, out amount) && amount <= limit && amount >= -limit;
    }

    static bool ReadTime(ref Utf8JsonReader reader, DateTime from, DateTime to, out DateTime moment)
    {
        var text = Text(ref reader);
        // The year as it is written as well: that is what a pattern of the JSON Schema can tell.
        return CommandTime.TryParse(text, out moment)
            && moment >= from
            && moment < to
            && CommandTime.YearOf(text) is var year
            && year >= from.Year
            && year < to.Year;
    }

    // Some encoders write the + of a zone as \u002B: only such text is copied. Empty where the value is no text.
    static ReadOnlySpan<byte> Text(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            return default;
        }
        if (!reader.ValueIsEscaped)
        {
            return reader.ValueSpan;
        }
        var text = new byte[reader.ValueSpan.Length];
        return text.AsSpan(0, reader.CopyString(text));
    }

    static bool ReadText(ref Utf8JsonReader reader, int limit, out string? text)
    {
        text = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        return text is not null && FieldRules.IsText(text, limit);
    }
}
