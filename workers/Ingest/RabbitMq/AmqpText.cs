using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using RabbitMQ.Client;

namespace Betting.Ingest.RabbitMq;

/// <summary>
/// Values of AMQP headers as text that is like JSON, so that different values have different texts: letters whose headers differ are
/// different letters. What JSON has no form for is written <c>bytes(…)</c>, <c>binary(…)</c> (both Base64), <c>timestamp(…)</c> (seconds
/// since 1970) and <c>decimal(…)</c>. Integers are alike whatever their width, and so are floating-point numbers.
/// </summary>
static class AmqpText
{
    const string Bytes = "bytes(",
        Binary = "binary(",
        Timestamp = "timestamp(",
        Decimal = "decimal(";

    static readonly string[] Forms = [Bytes, Binary, Timestamp, Decimal, "{", "[", "\""],
        Words = ["true", "false", "null", "NaN", "Infinity", "-Infinity"];

    static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The text of a value of any type; strings in quotes.</summary>
    public static string Of(object? value)
    {
        var text = new StringBuilder();
        Append(text, value);
        return text.ToString();
    }

    /// <summary>The text of a header's string: without quotes, where it cannot be taken for the text of another type.</summary>
    /// <param name="bytes">UTF-8, or any bytes.</param>
    public static string OfString(ReadOnlySpan<byte> bytes)
    {
        if (!System.Text.Unicode.Utf8.IsValid(bytes))
        {
            return $"{Bytes}{Convert.ToBase64String(bytes)})";
        }
        var text = Encoding.UTF8.GetString(bytes);
        var isLikeAnother =
            Words.Contains(text)
            || Forms.Any(form => text.StartsWith(form, StringComparison.Ordinal))
            || double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _);
        return isLikeAnother ? Quoted(text) : text;
    }

    static void Append(StringBuilder text, object? value)
    {
        _ = value switch
        {
            null => text.Append("null"),
            bool isTrue => text.Append(isTrue ? "true" : "false"),
            string word => text.Append(Quoted(word)),
            byte[] bytes => text.Append(System.Text.Unicode.Utf8.IsValid(bytes) ? Quoted(Encoding.UTF8.GetString(bytes)) : OfString(bytes)),
            BinaryTableValue binary => text.Append(Binary).Append(Convert.ToBase64String(binary.Bytes ?? [])).Append(')'),
            AmqpTimestamp timestamp => text.Append(Timestamp).Append(CultureInfo.InvariantCulture, $"{timestamp.UnixTime}").Append(')'),
            decimal number => text.Append(Decimal).Append(CultureInfo.InvariantCulture, $"{number}").Append(')'),
            float number => text.Append(Floating(number.ToString("R", CultureInfo.InvariantCulture))),
            double number => text.Append(Floating(number.ToString("R", CultureInfo.InvariantCulture))),
            IDictionary<string, object?> table => AppendTable(text, table),
            IList list => AppendList(text, list),
            _ => text.Append(Convert.ToString(value, CultureInfo.InvariantCulture)),
        };
    }

    static StringBuilder AppendTable(StringBuilder text, IDictionary<string, object?> table)
    {
        var separator = "{";
        foreach (var (name, value) in table)
        {
            text.Append(separator).Append(Quoted(name)).Append(':');
            Append(text, value);
            separator = ",";
        }
        return text.Append(table.Count == 0 ? "{}" : "}");
    }

    static StringBuilder AppendList(StringBuilder text, IList list)
    {
        var separator = "[";
        foreach (var value in list)
        {
            text.Append(separator);
            Append(text, value);
            separator = ",";
        }
        return text.Append(list.Count == 0 ? "[]" : "]");
    }

    // 5.0, so that it is no integer.
    static string Floating(string number) =>
        number.All(character => character == '-' || char.IsAsciiDigit(character)) ? number + ".0" : number;

    static string Quoted(string text) => JsonSerializer.Serialize(text, Readable);
}
