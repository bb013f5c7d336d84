using System.Buffers;
using System.Globalization;
using System.Text;

namespace Betting.Contracts.Commands;

/// <summary>What each field may be, in words for a refusal.</summary>
static class FieldRules
{
    public const string WholePairs = "write text in which every \\uD8xx has its \\uDCxx";

    /// <summary>True where no half of a surrogate pair stands alone.</summary>
    public static bool IsWellFormed(ReadOnlySpan<char> text)
    {
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(text, out _, out var used) != OperationStatus.Done)
            {
                return false;
            }
            text = text[used..];
        }
        return true;
    }

    /// <summary>Not empty, not too long, and without the one character that PostgreSQL's text cannot hold.</summary>
    public static bool IsText(string text, int limit)
    {
        if (text.Length == 0 || text.Contains('\0', StringComparison.Ordinal))
        {
            return false;
        }
        if (text.Length <= limit)
        {
            return true;
        }
        var characters = 0;
        foreach (var _ in text.EnumerateRunes())
        {
            characters++;
        }
        return characters <= limit;
    }

    public static string Fix(CommandFields field) =>
        field switch
        {
            CommandFields.Version => $"write {CommandContract.Version} or leave it out",
            CommandFields.Id => "write a UUID as text, such as \"0193e0c4-6d1c-7cc0-98c2-94bd1e9dd9d1\", and not the nil one",
            CommandFields.Kind => $"write one of {string.Join(", ", CommandContract.Kinds.Select(kind => kind.Text))}",
            CommandFields.IssuedAt => Time(CommandContract.MinIssuedAt, CommandContract.MaxIssuedAt),
            CommandFields.StartTime => Time(CommandContract.MinStartTime, CommandContract.MaxStartTime),
            CommandFields.BetId or CommandFields.UserId or CommandFields.EventId => "write an integer from 1 to 9223372036854775807, as a "
                + "number or as text",
            CommandFields.Amount => Decimal(CommandContract.MaxAmount),
            CommandFields.Payout => Decimal(CommandContract.MaxPayout),
            CommandFields.Name => Text(CommandContract.MaxName),
            CommandFields.Category => Text(CommandContract.MaxCategory),
            _ => $"write one of {string.Join(", ", EventStatus.All)}",
        };

    static string Time(DateTime from, DateTime to) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"write a moment with its zone, such as \"2026-11-22T12:00:00.000Z\", from {from:yyyy} on and before {to:yyyy}, in that zone "
                + $"and in UTC"
        );

    static string Decimal(Money limit) => $"write text such as \"100.00\", at most two decimals, no exponent, within ±{limit}";

    static string Text(int limit) => $"write text of 1 to {limit} characters without U+0000";
}
