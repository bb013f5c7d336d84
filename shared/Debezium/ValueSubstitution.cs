namespace Betting.Debezium;

/// <summary>
/// How a value that the tables cannot show, or that nobody declared, is shown all the same: the row has it with a mark, the
/// changelog keeps what was received. The codes go into metrics and never change their meaning.
/// </summary>
public static class ValueSubstitution
{
    /// <summary>A time outside of 1900–2299, an amount of more than 18 digits: shown as the nearest.</summary>
    public const string Clamped = "clamped";

    /// <summary>±infinity: shown as the first or last value of the column.</summary>
    public const string Infinite = "infinite";

    /// <summary>NaN: shown as 0, so that sums stay sums.</summary>
    public const string NotANumber = "not-a-number";

    /// <summary>An amount with more than two decimal places: rounded half away from zero, as PostgreSQL rounds.</summary>
    public const string Rounded = "rounded";

    /// <summary>A status that the platform does not know: shown as it is.</summary>
    public const string Undeclared = "undeclared";

    /// <summary>NULL in a column that was declared NOT NULL: shown as an empty text, 0 or 1970.</summary>
    public const string Null = "null";

    /// <summary>A number or a boolean in a column of texts: shown as its text.</summary>
    public const string Retyped = "retyped";
}

/// <summary>One value that came under a <see cref="ValueSubstitution"/>.</summary>
/// <param name="Column">Its bit among the columns of its table.</param>
/// <param name="Name">The source's name of the column, UTF-8.</param>
/// <param name="Rule">A <see cref="ValueSubstitution"/>.</param>
/// <param name="Original">What was received, as text; empty where the value itself says it.</param>
public readonly record struct MarkedValue(MissingColumns Column, string Name, string Rule, ReadOnlyMemory<byte> Original);
