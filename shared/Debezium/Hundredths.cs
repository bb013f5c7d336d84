namespace Betting.Debezium;

/// <summary>Amounts of money as whole hundredths, read from every form in which Debezium writes a decimal.</summary>
static class Hundredths
{
    const int Scale = 2;

    /// <summary>Reads <c>100.00</c>, <c>-5.5</c>, <c>1.2E10</c>: text, or a JSON number's text.</summary>
    /// <returns>Null, or a <see cref="RejectReason"/>.</returns>
    public static string? TryParse(ReadOnlySpan<byte> text, out long hundredths)
    {
        hundredths = 0;
        if (text.SequenceEqual("NAN"u8) || text.SequenceEqual("NaN"u8) || text.EndsWith("INFINITY"u8) || text.EndsWith("Infinity"u8))
            return RejectReason.NotANumber;
        var at = 0;
        var negative = text.Length > 0 && text[0] == '-';
        if (negative || (text.Length > 0 && text[0] == '+'))
            at++;
        Int128 unscaled = 0;
        int digits = 0, places = 0;
        var inFraction = false;
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
            if (++digits > 36)
                return RejectReason.OutOfRange;
            unscaled = unscaled * 10 + digit;
            places += inFraction ? 1 : 0;
        }
        if (digits == 0 || !Exponent(text[at..], out var exponent))
            return RejectReason.WrongType;
        return FromUnscaled(negative ? -unscaled : unscaled, places - exponent, out hundredths);
    }

    /// <summary>Reads the big-endian two's complement bytes of <c>precise</c> mode.</summary>
    public static string? TryRead(ReadOnlySpan<byte> unscaledBytes, int scale, out long hundredths)
    {
        hundredths = 0;
        if (unscaledBytes.Length is 0 or > 15)
            return unscaledBytes.Length == 0 ? RejectReason.WrongType : RejectReason.OutOfRange;
        Int128 unscaled = (sbyte)unscaledBytes[0];
        foreach (var next in unscaledBytes[1..])
            unscaled = unscaled << 8 | next;
        return FromUnscaled(unscaled, scale, out hundredths);
    }

    static string? FromUnscaled(Int128 unscaled, int scale, out long hundredths)
    {
        hundredths = 0;
        for (; scale < Scale && unscaled != 0; scale++)
        {
            if (Int128.Abs(unscaled) > long.MaxValue)
                return RejectReason.OutOfRange;
            unscaled *= 10;
        }
        for (; scale > Scale && unscaled != 0; scale--)
        {
            (unscaled, var lost) = Int128.DivRem(unscaled, 10);
            if (lost != 0)
                return RejectReason.TooPrecise;
        }
        // 18 digits are what a Decimal(18, 2) column holds.
        if (Int128.Abs(unscaled) > 999_999_999_999_999_999)
            return RejectReason.OutOfRange;
        hundredths = (long)unscaled;
        return null;
    }

    static bool Exponent(ReadOnlySpan<byte> text, out int exponent)
    {
        exponent = 0;
        return text.Length == 0
            || (System.Buffers.Text.Utf8Parser.TryParse(text[1..], out exponent, out var used) && used == text.Length - 1 && exponent is > -400 and < 400);
    }
}
