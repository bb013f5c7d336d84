using System.Buffers.Text;

namespace Betting.Debezium;

/// <summary>
/// <c>timestamptz</c> as microseconds since 1970 UTC. PostgreSQL's infinities are the two ends of the type, as in its own format.
/// </summary>
public static class PostgresTime
{
    public const long Infinity = long.MaxValue;
    public const long MinusInfinity = long.MinValue;

    /// <summary>1900-01-01 and the last microsecond of 2299: what ClickHouse's DateTime64 can show.</summary>
    public const long EarliestShown = -2_208_988_800_000_000;
    public const long LatestShown = 10_413_791_999_999_999;

    const long MicrosPerSecond = 1_000_000;
    const long SecondsPerDay = 86_400;

    /// <summary>So many seconds count fewer microseconds than 64 bits hold.</summary>
    const long NarrowSeconds = 9_000_000_000_000;

    /// <summary>
    /// Reads ISO 8601 as Debezium writes it: <c>2025-01-01T00:00:00.000001Z</c>, <c>1970-01-01T00:00:00Z</c>, <c>+294276-…</c>,
    /// <c>-0043-…</c> (44 BC), an offset in place of Z, <c>infinity</c>, <c>-infinity</c>.
    /// </summary>
    /// <returns>Null, or a <see cref="RejectReason"/>.</returns>
    public static string? TryParse(ReadOnlySpan<byte> text, out long micros)
    {
        micros = 0;
        if (text.SequenceEqual("infinity"u8))
        {
            micros = Infinity;
            return null;
        }
        if (text.SequenceEqual("-infinity"u8))
        {
            micros = MinusInfinity;
            return null;
        }
        var sign = 1;
        if (text.Length > 0 && text[0] is (byte)'-' or (byte)'+')
        {
            sign = text[0] == '-' ? -1 : 1;
            text = text[1..];
        }
        if (!Utf8Parser.TryParse(text, out uint year, out var digits) || digits is < 4 or > 6 || text.Length < digits + 16)
            return RejectReason.WrongType;
        text = text[digits..];
        if (
            text[0] != '-'
            || text[3] != '-'
            || text[6] != 'T'
            || text[9] != ':'
            || text[12] != ':'
            || !TwoDigits(text[1..], out var month)
            || !TwoDigits(text[4..], out var day)
            || !TwoDigits(text[7..], out var hour)
            || !TwoDigits(text[10..], out var minute)
            || !TwoDigits(text[13..], out var second)
            || month is < 1 or > 12
            || day is < 1 or > 31
            || hour > 23
            || minute > 59
            || second > 59
        )
            return RejectReason.WrongType;
        if (!Fraction(text[15..], out var fraction, out var rest) || !Offset(rest, out var offsetSeconds))
            return RejectReason.WrongType;
        var seconds = DaysSince1970(sign * (long)year, month, day) * SecondsPerDay + hour * 3600 + minute * 60 + second - offsetSeconds;
        // 128 bits cost more than all the rest, and no year that people live in needs them.
        micros = seconds is > -NarrowSeconds and < NarrowSeconds
            ? seconds * MicrosPerSecond + fraction
            : Nearest((Int128)seconds * MicrosPerSecond + fraction);
        return null;
    }

    /// <summary>
    /// PostgreSQL's last years, 294247 to 294276, are beyond 64 bits counted from 1970: they become the last finite value.
    /// </summary>
    public static long Nearest(Int128 micros) => (long)Int128.Clamp(micros, MinusInfinity + 1, Infinity - 1);

    static bool TwoDigits(ReadOnlySpan<byte> text, out int value)
    {
        int high = text[0] - '0',
            low = text[1] - '0';
        value = high * 10 + low;
        return (uint)high <= 9 && (uint)low <= 9;
    }

    static bool Fraction(ReadOnlySpan<byte> text, out int micros, out ReadOnlySpan<byte> rest)
    {
        micros = 0;
        rest = text;
        if (text.Length == 0 || text[0] != '.')
            return true;
        var at = 1;
        while (at < text.Length && text[at] is >= (byte)'0' and <= (byte)'9')
        {
            if (at > 6)
                return false;
            micros = micros * 10 + (text[at++] - '0');
        }
        for (var padded = at; padded <= 6; padded++)
            micros *= 10;
        rest = text[at..];
        return at > 1;
    }

    static bool Offset(ReadOnlySpan<byte> text, out int seconds)
    {
        seconds = 0;
        if (text.Length == 1 && text[0] == 'Z')
            return true;
        if (
            text.Length != 6
            || text[0] is not ((byte)'+' or (byte)'-')
            || text[3] != ':'
            || !TwoDigits(text[1..], out var hours)
            || !TwoDigits(text[4..], out var minutes)
            || hours > 18
            || minutes > 59
        )
            return false;
        seconds = (text[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
        return true;
    }

    /// <summary>
    /// Proleptic Gregorian calendar; after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
    /// </summary>
    static long DaysSince1970(long year, int month, int day)
    {
        if (month <= 2)
            year--;
        var era = (year >= 0 ? year : year - 399) / 400;
        var yearOfEra = year - era * 400;
        var dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
        var dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
        return era * 146_097 + dayOfEra - 719_468;
    }
}
