using System.Text.RegularExpressions;

namespace Betting.CdcSink.Connector;

/// <summary>
/// A list of the connector's regular expressions, such as <c>table.include.list</c>. Debezium compares each with the whole name and ignores case.
/// </summary>
sealed partial class NamePatterns
{
    static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(100);

    readonly List<Regex> _patterns;

    /// <param name="list">Patterns separated by commas; <c>\,</c> is a comma within a pattern.</param>
    /// <exception cref="ArgumentException">A pattern is none that .NET can read.</exception>
    public NamePatterns(string list) => _patterns =
        [.. Comma().Split(list).Select(each => each.Trim()).Where(each => each.Length > 0)
            .Select(each => each.Replace(@"\,", ",", StringComparison.Ordinal))
            .Select(each => new Regex($@"\A(?:{each})\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, Limit))];

    public bool IsEmpty => _patterns.Count == 0;

    /// <exception cref="RegexMatchTimeoutException">A pattern takes too long.</exception>
    public bool Match(string name) => _patterns.Exists(each => each.IsMatch(name));

    [GeneratedRegex(@"(?<!\\),")]
    private static partial Regex Comma();
}
