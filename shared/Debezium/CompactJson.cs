using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Betting.Debezium;

/// <summary>
/// JSON as Debezium writes it: no white space, whole numbers, texts without escapes. What these steps take is JSON; what they do not
/// take may be JSON too, and is left to a reader of all of it.
/// </summary>
static class CompactJson
{
    /// <summary>So many digits fit 64 bits whatever they are; nanoseconds since 1970 have them.</summary>
    const int MaxDigits = 19;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Take(ReadOnlySpan<byte> text, ref int at, byte character)
    {
        if ((uint)at >= (uint)text.Length || text[at] != character)
            return false;
        at++;
        return true;
    }

    public static bool Take(ReadOnlySpan<byte> text, ref int at, ReadOnlySpan<byte> expected)
    {
        if (!text[at..].StartsWith(expected))
            return false;
        at += expected.Length;
        return true;
    }

    /// <summary>A name with its colon.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryName(ReadOnlySpan<byte> text, ref int at, out ReadOnlySpan<byte> name) =>
        TryText(text, ref at, out name) && Take(text, ref at, (byte)':');

    /// <summary>A text without an escape and without a control character, both of which end it here.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryText(ReadOnlySpan<byte> text, ref int at, out ReadOnlySpan<byte> found)
    {
        found = default;
        if (!Take(text, ref at, (byte)'"'))
            return false;
        var end = at + LengthOfPlain(text[at..]);
        if ((uint)end >= (uint)text.Length || text[end] != '"')
            return false;
        found = text[at..end];
        at = end + 1;
        return true;
    }

    /// <summary>A whole number, not negative, without a leading zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryNumber(ReadOnlySpan<byte> text, ref int at, out ulong number)
    {
        var start = at;
        number = Digits(text, ref at);
        return at - start is > 0 and <= MaxDigits && (text[start] != '0' || at - start == 1);
    }

    /// <summary>As many digits as there are; more than fit may overflow, and nobody takes them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Digits(ReadOnlySpan<byte> text, ref int at)
    {
        var (number, end) = (0UL, at);
        for (; (uint)end < (uint)text.Length && (uint)(text[end] - '0') <= 9; end++)
            number = (number * 10) + (uint)(text[end] - '0');
        at = end;
        return number;
    }

    /// <summary>Passes over a text, a whole number, a truth value or null.</summary>
    public static bool TrySkip(ReadOnlySpan<byte> text, ref int at)
    {
        if ((uint)at >= (uint)text.Length)
            return false;
        return text[at] switch
        {
            (byte)'"' => TryText(text, ref at, out _),
            (byte)'n' => Take(text, ref at, "null"u8),
            (byte)'t' => Take(text, ref at, "true"u8),
            (byte)'f' => Take(text, ref at, "false"u8),
            _ => TryNumber(text, ref at, out _),
        };
    }

    /// <summary>Passes over an object that holds nothing but such values.</summary>
    public static bool TrySkipFlat(ReadOnlySpan<byte> text, ref int at)
    {
        if (!Take(text, ref at, (byte)'{'))
            return false;
        do
        {
            if (!TryName(text, ref at, out _) || !TrySkip(text, ref at))
                return false;
        } while (Take(text, ref at, (byte)','));
        return Take(text, ref at, (byte)'}');
    }

    /// <summary>
    /// Bytes up to the first quote, backslash or control character. Sixteen at once: names and values are of all lengths, and a loop would
    /// guess wrong at each of their ends.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int LengthOfPlain(ReadOnlySpan<byte> text)
    {
        var length = 0;
        for (; text.Length - length >= Vector128<byte>.Count; length += Vector128<byte>.Count)
        {
            var bytes = Vector128.LoadUnsafe(ref MemoryMarshal.GetReference(text), (nuint)length);
            var ends =
                Vector128.Equals(bytes, Vector128.Create((byte)'"'))
                | Vector128.Equals(bytes, Vector128.Create((byte)'\\'))
                | Vector128.LessThan(bytes, Vector128.Create((byte)0x20));
            if (ends != Vector128<byte>.Zero)
                return length + BitOperations.TrailingZeroCount(ends.ExtractMostSignificantBits());
        }
        while (length < text.Length && text[length] is >= 0x20 and not ((byte)'"' or (byte)'\\'))
            length++;
        return length;
    }
}
