namespace Betting.Contracts.Commands;

/// <summary>
/// What text may be, as regular expressions of ECMA 262: what a JSON Schema can say without a checker of formats, since
/// validators check those on request only and each in its own way.
/// </summary>
static class CommandPatterns
{
    public const string Uuid = "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$";

    /// <summary>No U+0000 and no half of a surrogate pair.</summary>
    public const string Text = @"^[^\u0000\uD800-\uDFFF]*$";

    /// <summary>A line feed anywhere. Python's <c>$</c> is also before one at the end, so that it is excluded by itself.</summary>
    public const string LineFeed = @"\n";

    // Months of 31 and 30 days, and 28 days of February.
    const string Day = "(((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01]))|((0[469]|11)-(0[1-9]|[12][0-9]|30))|(02-(0[1-9]|1[0-9]|2[0-8])))";
    const string LeapWithinCentury = "(0[48]|[2468][048]|[13579][26])";
    const string TimeOfDay = @"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[+-](0[0-9]|1[0-5]):[0-5][0-9])$";

    /// <summary>
    /// From <see cref="CommandContract.MinIssuedAt"/> on and before <see cref="CommandContract.MaxIssuedAt"/>, by the year that is written.
    /// </summary>
    public static readonly string IssuedAt = Moment("2[01][0-9]{2}", $"(2000|2[01]{LeapWithinCentury})");

    /// <summary>
    /// From <see cref="CommandContract.MinStartTime"/> on and before <see cref="CommandContract.MaxStartTime"/>, likewise.
    /// </summary>
    public static readonly string StartTime = Moment(
        "(19[0-9]{2}|2[01][0-9]{2}|22[0-8][0-9]|229[0-8])",
        $"(2000|(19|2[012]){LeapWithinCentury})"
    );

    /// <summary>A number from 1 to the largest of 64 bits.</summary>
    public static readonly string Id = UpTo(long.MaxValue.ToString(System.Globalization.CultureInfo.InvariantCulture));

    public static string Decimal(Money limit) => $@"^-?(0|[1-9][0-9]{{0,{limit.ToString().Length - 4}}})(\.[0-9]{{1,2}})?$";

    static string Moment(string years, string leapYears) => $"^({years}-{Day}|{leapYears}-02-29){TimeOfDay}";

    // Fewer digits; or as many, of which the first that differs is smaller; or the number itself.
    static string UpTo(string largest)
    {
        var choices = new List<string> { $"[1-9][0-9]{{0,{largest.Length - 2}}}" };
        for (var digit = 0; digit < largest.Length; digit++)
        {
            var (lowest, highest) = (digit == 0 ? '1' : '0', (char)(largest[digit] - 1));
            if (highest >= lowest)
            {
                choices.Add($"{largest[..digit]}[{lowest}-{highest}][0-9]{{{largest.Length - digit - 1}}}");
            }
        }
        return $"^({string.Join('|', [.. choices, largest])})$";
    }
}
