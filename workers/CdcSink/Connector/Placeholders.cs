using System.Text.RegularExpressions;

namespace Betting.CdcSink.Connector;

/// <summary>
/// Parts of a value that Kafka Connect replaces by what a provider says, such as <c>${env:NAME}</c> and <c>${file:PATH:KEY}</c>. Its REST
/// interface answers the value as it was written.
/// </summary>
static partial class Placeholders
{
    public static bool AreIn(string value) => Placeholder().IsMatch(value);

    [GeneratedRegex(@"\$\{[^}]*:[^}]*\}")]
    private static partial Regex Placeholder();
}
