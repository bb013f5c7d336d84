using System.Globalization;

namespace Betting.Contracts.Commands;

/// <summary>Moments in commands: ISO 8601 with a zone, kept as UTC in whole microseconds, which is what PostgreSQL keeps.</summary>
public static class CommandTime
{
    /// <summary>The form in which moments are written: <c>2026-11-22T12:00:00.000000Z</c>.</summary>
    public const string Format = "yyyy-MM-ddTHH:mm:ss.ffffffZ";

    /// <summary>Whole microseconds: what is further on is cut off, as reading does.</summary>
    public static DateTime Truncate(DateTime moment) => moment.AddTicks(-(moment.Ticks % TimeSpan.TicksPerMicrosecond));

    /// <summary>The moment as UTC in whole microseconds; a local time is converted.</summary>
    /// <exception cref="ArgumentException">The kind is Unspecified, so nobody knows which moment it is.</exception>
    public static DateTime ToUtc(DateTime moment, string name) =>
        moment.Kind == DateTimeKind.Unspecified
            ? throw new ArgumentException("give a DateTime of kind Utc or Local: a time without a zone is no moment", name)
            : Truncate(moment.ToUniversalTime());

    /// <summary>As for one that is there; null stays null.</summary>
    public static DateTime? ToUtc(DateTime? moment, string name) => moment is { } given ? ToUtc(given, name) : null;

    public static string ToText(DateTime moment) => moment.ToString(Format, CultureInfo.InvariantCulture);

    /// <summary>
    /// Reads <c>yyyy-MM-ddTHH:mm:ss[.f…](Z|±HH:mm)</c>; digits beyond microseconds are cut off. A text without a zone
    /// is refused rather than guessed at, and so is the 61st second of a minute.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out DateTime moment)
    {
        moment = default;
        if (text.Length < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':')
        {
            return false;
        }
        var (year, month, day) = (Digits(text[..4]), Digits(text[5..7]), Digits(text[8..10]));
        var (hour, minute, second) = (Digits(text[11..13]), Digits(text[14..16]), Digits(text[17..19]));
        if (
            year < 1
            || month is < 1 or > 12
            || day < 1
            || day > DateTime.DaysInMonth(year, month)
            || hour is < 0 or > 23
            || minute is < 0 or > 59
            || second is < 0 or > 59
        )
        {
            return false;
        }
        if (!TryFraction(text[19..], out var microseconds, out var zone) || !TryZone(zone, out var offset))
        {
            return false;
        }
        var ticks =
            new DateTime(year, month, day, hour, minute, second, DateTimeKind.Utc).Ticks
            + (microseconds * TimeSpan.TicksPerMicrosecond)
            - (offset * TimeSpan.TicksPerMinute);
        if (ticks < 0 || ticks > DateTime.MaxValue.Ticks)
        {
            return false;
        }
        moment = new DateTime(ticks, DateTimeKind.Utc);
        return true;
    }

    /// <summary>The year that stands in a text which <see cref="TryParse"/> reads.</summary>
    public static int YearOf(ReadOnlySpan<byte> text) => Digits(text[..4]);

    static bool TryFraction(ReadOnlySpan<byte> text, out int microseconds, out ReadOnlySpan<byte> rest)
    {
        microseconds = 0;
        rest = text;
        if (text[0] != '.')
        {
            return true;
        }
        var length = text[1..].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        if (length < 1)
        {
            return false;
        }
        for (var digit = 0; digit < 6; digit++)
        {
            microseconds = (microseconds * 10) + (digit < length ? text[1 + digit] - '0' : 0);
        }
        rest = text[(1 + length)..];
        return true;
    }

    // Minutes east of Greenwich.
    static bool TryZone(ReadOnlySpan<byte> text, out int offset)
    {
        offset = 0;
        if (text is [(byte)'Z'])
        {
            return true;
        }
        if (text.Length != 6 || text[0] is not ((byte)'+' or (byte)'-') || text[3] != ':')
        {
            return false;
        }
        var (hours, minutes) = (Digits(text[1..3]), Digits(text[4..6]));
        offset = ((hours * 60) + minutes) * (text[0] == '-' ? -1 : 1);
        return hours is >= 0 and <= 15 && minutes is >= 0 and <= 59;
    }

    // -1 where a character is no digit.
    static int Digits(ReadOnlySpan<byte> text)
    {
        var number = 0;
        foreach (var digit in text)
        {
            if (!char.IsAsciiDigit((char)digit))
            {
                return -1;
            }
            number = (number * 10) + (digit - '0');
        }
        return number;
    }
}
