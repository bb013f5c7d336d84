using System.Buffers.Text;

namespace Betting.Debezium;

/// <summary>
/// Amounts of money as whole hundredths, read from every form in which Debezium writes a decimal. What hundredths of 18 digits
/// cannot say becomes the nearest amount, and a <see cref="ValueSubstitution"/> tells so.
/// </summary>
static class MoneyParser
{
    const int Scale = 2;

    /// <summary>18 digits are what a Decimal(18, 2) column holds.</summary>
    public const long Max = 999_999_999_999_999_999;

    static readonly Int128 MostDigits = Int128.MaxValue / 20;

    /// <summary>
    /// Reads <c>100.00</c>, <c>-5.5</c>, <c>1.2E10</c>, <c>NAN</c>, <c>NEGATIVE_INFINITY</c>: text, or a JSON number's text.
    /// </summary>
    /// <returns>Null, or a <see cref="RejectReason"/>.</returns>
    public static string? TryParse(ReadOnlySpan<byte> text, out long hundredths, out string? mark)
    {
        mark = null;
        if (TryPlain(text, out hundredths))
            return null;
        mark = Special(text, ref hundredths);
        if (mark is not null)
            return null;
        var at = 0;
        var negative = text.Length > 0 && text[0] == '-';
        if (negative || (text.Length > 0 && text[0] == '+'))
            at++;
        Int128 unscaled = 0;
        int digits = 0,
            dropped = 0,
            places = 0;
        bool inFraction = false,
            hasRest = false;
        for (; at < text.Length && text[at] is not ((byte)'e' or (byte)'E'); at++)
        {
            var digit = text[at] - '0';
            if (text[at] == '.' && !inFraction)
            {
                inFraction = true;
                continue;
            }
            if ((uint)digit > 9)
                return RejectReason.WrongType;
            digits++;
            if (unscaled > MostDigits)
            {
                // 36 significant digits decide; what stands behind them only says that it was not all.
                hasRest |= digit != 0;
                dropped += inFraction ? 0 : 1;
                continue;
            }
            unscaled = unscaled * 10 + digit;
            places += inFraction ? 1 : 0;
        }
        if (digits == 0 || !Exponent(text[at..], out var exponent))
            return RejectReason.WrongType;
        mark = FromUnscaled(negative ? -unscaled : unscaled, places - exponent - dropped, hasRest, out hundredths);
        return null;
    }

    /// <summary>Reads the big-endian two's complement bytes of <c>precise</c> mode.</summary>
    public static string? TryRead(ReadOnlySpan<byte> unscaledBytes, int scale, out long hundredths, out string? mark)
    {
        hundredths = 0;
        mark = null;
        if (unscaledBytes.Length == 0)
            return RejectReason.WrongType;
        if (unscaledBytes.Length > 15)
            return TryParse(Text(unscaledBytes, scale), out hundredths, out mark);
        Int128 unscaled = (sbyte)unscaledBytes[0];
        foreach (var next in unscaledBytes[1..])
            unscaled = unscaled << 8 | next;
        mark = FromUnscaled(unscaled, scale, false, out hundredths);
        return null;
    }

    /// <summary>The same bytes as a person would write the number.</summary>
    public static byte[] Text(ReadOnlySpan<byte> unscaledBytes, int scale)
    {
        var unscaled = new System.Numerics.BigInteger(unscaledBytes, isUnsigned: false, isBigEndian: true);
        var digits = System
            .Numerics.BigInteger.Abs(unscaled)
            .ToString(System.Globalization.CultureInfo.InvariantCulture)
            .PadLeft(scale + 1, '0');
        return System.Text.Encoding.UTF8.GetBytes(
            (unscaled.Sign < 0 ? "-" : "") + digits[..^scale] + (scale > 0 ? "." + digits[^scale..] : "")
        );
    }

    /// <summary>What nearly every amount is: up to 15 digits, a point, two digits. Everything else takes the long way.</summary>
    public static bool TryPlain(ReadOnlySpan<byte> text, out long hundredths)
    {
        hundredths = 0;
        if (text.Length is < 4 or > 18 || text[^3] != '.')
            return false;
        for (var at = 0; at < text.Length; at++)
        {
            if (at == text.Length - 3)
                continue;
            var digit = (uint)(text[at] - '0');
            if (digit > 9)
            {
                hundredths = 0;
                return false;
            }
            hundredths = hundredths * 10 + digit;
        }
        return true;
    }

    static string? Special(ReadOnlySpan<byte> text, ref long hundredths)
    {
        if (text.SequenceEqual("NAN"u8) || text.SequenceEqual("NaN"u8))
            return ValueSubstitution.NotANumber;
        if (!text.EndsWith("INFINITY"u8) && !text.EndsWith("Infinity"u8))
            return null;
        hundredths = text[0] is (byte)'-' || text.StartsWith("NEGATIVE"u8) ? -Max : Max;
        return ValueSubstitution.Infinite;
    }

    static string? FromUnscaled(Int128 unscaled, int scale, bool hasRest, out long hundredths)
    {
        Int128 last = 0;
        var isInexact = hasRest;
        for (; scale > Scale && unscaled != 0; scale--)
        {
            isInexact |= last != 0;
            (unscaled, last) = Int128.DivRem(unscaled, 10);
        }
        if (scale > Scale)
        {
            // All its digits stand more than one place behind the last that is kept.
            isInexact |= last != 0;
            last = 0;
        }
        isInexact |= last != 0;
        if (Int128.Abs(last) >= 5)
            unscaled += Int128.Sign(last);
        for (; scale < Scale && unscaled != 0 && Int128.Abs(unscaled) <= Max; scale++)
            unscaled *= 10;
        if (Int128.Abs(unscaled) > Max)
        {
            hundredths = unscaled < 0 ? -Max : Max;
            return ValueSubstitution.Clamped;
        }
        hundredths = (long)unscaled;
        return isInexact ? ValueSubstitution.Rounded : null;
    }

    static bool Exponent(ReadOnlySpan<byte> text, out int exponent)
    {
        exponent = 0;
        return text.Length == 0
            || (Utf8Parser.TryParse(text[1..], out exponent, out var used) && used == text.Length - 1 && exponent is > -400 and < 400);
    }
}
