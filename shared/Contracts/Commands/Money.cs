using System.Globalization;
using System.Runtime.CompilerServices;

namespace Betting.Contracts.Commands;

/// <summary>An amount of money in whole hundredths; exact, and as small as a number.</summary>
public readonly record struct Money(long Cents) : IComparable<Money>
{
    public static readonly Money Zero;

    static readonly Money Least = new(long.MinValue),
        Most = new(long.MaxValue);

    // 12 digits before the point are what the widest column holds.
    const int MaxWholeDigits = 12;

    /// <summary>The same amount with a scale of exactly two.</summary>
    public decimal ToDecimal()
    {
        // Unchecked: the least number has no positive counterpart of 64 bits, but one of 64 bits without a sign.
        var magnitude = unchecked((ulong)(Cents < 0 ? -Cents : Cents));
        return new decimal((int)magnitude, (int)(magnitude >> 32), 0, Cents < 0, 2);
    }

    /// <exception cref="ArgumentOutOfRangeException">The amount has more than two decimals, or is beyond 64 bits of hundredths.</exception>
    public static Money FromDecimal(decimal amount, [CallerArgumentExpression(nameof(amount))] string? name = null) =>
        decimal.Round(amount, 2) == amount && amount >= Least.ToDecimal() && amount <= Most.ToDecimal()
            ? new((long)(amount * 100m))
            : throw new ArgumentOutOfRangeException(name, amount, $"write an amount with at most two decimals, from {Least} to {Most}");

    public static Money operator +(Money left, Money right) => new(checked(left.Cents + right.Cents));

    public static Money operator -(Money left, Money right) => new(checked(left.Cents - right.Cents));

    public static Money operator -(Money amount) => new(checked(-amount.Cents));

    public static bool operator <(Money left, Money right) => left.Cents < right.Cents;

    public static bool operator >(Money left, Money right) => left.Cents > right.Cents;

    public static bool operator <=(Money left, Money right) => left.Cents <= right.Cents;

    public static bool operator >=(Money left, Money right) => left.Cents >= right.Cents;

    public int CompareTo(Money other) => Cents.CompareTo(other.Cents);

    /// <summary>Always with two decimals: <c>100.00</c>, <c>-0.05</c>.</summary>
    public override string ToString() => ToDecimal().ToString("F2", CultureInfo.InvariantCulture);

    /// <summary>
    /// Reads <c>-?digits[.d[d]]</c> and nothing else: no plus, no exponent, no leading zeros, no negative zero, at most 12
    /// digits before the point and two after.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out Money amount)
    {
        amount = default;
        var negative = !text.IsEmpty && text[0] == '-';
        var digits = negative ? text[1..] : text;
        var point = digits.IndexOf((byte)'.');
        var whole = point < 0 ? digits : digits[..point];
        var fraction = point < 0 ? default : digits[(point + 1)..];
        if (
            whole.Length is 0 or > MaxWholeDigits
            || (whole.Length > 1 && whole[0] == '0')
            || fraction.Length > 2
            || (point >= 0 && fraction.IsEmpty)
        )
        {
            return false;
        }
        if (!TryRead(whole, out var units) || !TryRead(fraction, out var hundredths))
        {
            return false;
        }
        var cents = (units * 100) + (fraction.Length == 1 ? hundredths * 10 : hundredths);
        amount = new Money(negative ? -cents : cents);
        return !negative || cents != 0;
    }

    static bool TryRead(ReadOnlySpan<byte> digits, out long number)
    {
        number = 0;
        foreach (var digit in digits)
        {
            if (!char.IsAsciiDigit((char)digit))
            {
                return false;
            }
            number = (number * 10) + (digit - '0');
        }
        return true;
    }
}
