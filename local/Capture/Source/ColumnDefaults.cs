using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Betting.Local.Capture.Source;

/// <summary>What the connector writes where a row has no value.</summary>
/// <remarks>
/// It describes columns with Kafka Connect's schemas, and Connect's JSON converter puts a column's default in the place of a null:
/// an explicit NULL in a column with DEFAULT 'web' arrives as "web". A NOT NULL column without a value, as in the `before` of a
/// delete under replica identity default, gets its default or else a made-up zero. The recordings show both.
/// </remarks>
public static partial class ColumnDefaults
{
    static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="form">The column's form.</param>
    /// <param name="notNull">Whether the column is NOT NULL.</param>
    /// <param name="expression">The default as pg_get_expr shows it. One that is no constant (now(), nextval(…)) counts as none.</param>
    /// <param name="scale">Digits after the point, of a numeric that has them declared.</param>
    /// <returns>JSON.</returns>
    public static byte[] NullJson(Form form, bool notNull, string? expression, int? scale)
    {
        string? json = Constant(form, expression, scale) ?? (notNull ? MadeUp(form, scale) : "null");
        return Encoding.UTF8.GetBytes(json);
    }

    static string? Constant(Form form, string? expression, int? scale)
    {
        if (expression is null || Literal().Match(expression) is not { Success: true } match)
            return null;
        string text = match.Groups["quoted"].Success
            ? match.Groups["quoted"].Value.Replace("''", "'", StringComparison.Ordinal)
            : match.Groups["plain"].Value;
        return form switch
        {
            Form.Number when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) =>
                number.ToString(CultureInfo.InvariantCulture),
            Form.Boolean when bool.TryParse(text, out bool value) => value ? "true" : "false",
            Form.Numeric when decimal.TryParse(text, NumberStyles.Number, CultureInfo.InvariantCulture, out decimal value) => Quoted(
                value,
                scale
            ),
            Form.Text => JsonSerializer.Serialize(text, Relaxed),
            _ => null,
        };
    }

    static string MadeUp(Form form, int? scale) =>
        form switch
        {
            Form.Number => "0",
            Form.Boolean => "false",
            Form.Numeric => Quoted(0m, scale),
            Form.Timestamp => "\"1970-01-01T00:00:00Z\"",
            _ => "\"\"",
        };

    static string Quoted(decimal value, int? scale) =>
        $"\"{value.ToString(scale is { } digits ? $"F{digits}" : null, CultureInfo.InvariantCulture)}\"";

    [GeneratedRegex(
        @"^\(?(?:'(?<quoted>(?:[^']|'')*)'|(?<plain>-?\d+(?:\.\d+)?|true|false))\)?(?:::[a-z ""0-9_(),.]+)?$",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex Literal();
}
