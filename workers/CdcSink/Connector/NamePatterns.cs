using System.Text.RegularExpressions;

namespace Betting.CdcSink.Connector;

/// <summary>
/// A list of the connector's regular expressions, such as <c>table.include.list</c>. Debezium compares each with the whole name and ignores
/// case.
/// </summary>
sealed partial class NamePatterns
{
    static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(100);

    // Null: of Java's alone.
    readonly List<Regex?> _patterns;

    /// <param name="list">Patterns separated by commas; <c>\,</c> is a comma within a pattern.</param>
    public NamePatterns(string list) =>
        _patterns = [
            .. Comma()
                .Split(list)
                .Select(each => each.Trim())
                .Where(each => each.Length > 0)
                .Select(each => Read(each.Replace(@"\,", ",", StringComparison.Ordinal))),
        ];

    public bool IsEmpty => _patterns.Count == 0;

    /// <returns>Null where it depends on a pattern that .NET cannot read, or takes too long to compare.</returns>
    public bool? Match(string name)
    {
        var isKnown = true;
        foreach (var pattern in _patterns)
        {
            switch (Match(pattern, name))
            {
                case true:
                    return true;
                case null:
                    isKnown = false;
                    break;
            }
        }
        return isKnown ? false : null;
    }

    static bool? Match(Regex? pattern, string name)
    {
        try
        {
            return pattern?.IsMatch(name);
        }
        catch (RegexMatchTimeoutException)
        {
            return null;
        }
    }

    static Regex? Read(string pattern)
    {
        try
        {
            return NestedClass().IsMatch(pattern)
                ? null
                : new Regex($@"\A(?:{pattern})\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, Limit);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"(?<!\\),")]
    private static partial Regex Comma();

    // [a[bc]] and [a-z&&[^b]] mean something else in Java.
    [GeneratedRegex(@"(?<!\\)\[(?:[^\]\\\[&]|\\.|&(?!&))*(?:\[|&&)")]
    private static partial Regex NestedClass();
}
