using System.Globalization;
using System.Text.RegularExpressions;

namespace Betting.Local.ClickHouse;

/// <summary>A number of bytes as people write it.</summary>
static partial class ByteSize
{
    static readonly string[] Units = ["", "KiB", "MiB", "GiB", "TiB"];

    /// <summary>
    /// Reads <c>1048576</c>, <c>400MiB</c> or <c>2 GiB</c>; null where the text is none of these or more than 64 bits hold.
    /// </summary>
    public static long? Read(string text)
    {
        if (
            Form().Match(text) is not { Success: true } size
            || !long.TryParse(size.Groups["number"].Value, CultureInfo.InvariantCulture, out var number)
        )
        {
            return null;
        }
        var shift = 10 * Array.IndexOf(Units, size.Groups["unit"].Value);
        return number <= long.MaxValue >> shift ? number << shift : null;
    }

    [GeneratedRegex(@"^(?<number>[0-9]+) ?(?<unit>(?:[KMGT]iB)?)$")]
    private static partial Regex Form();
}
