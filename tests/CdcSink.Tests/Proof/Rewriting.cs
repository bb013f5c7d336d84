using System.Text;
using System.Text.RegularExpressions;
using Betting.Debezium;

namespace Betting.Tests.CdcSink.Proof;

/// <summary>Records as another connector, version or setting would have written them.</summary>
static partial class Rewriting
{
    /// <summary>The same record with another value.</summary>
    public static StreamRecord With(this StreamRecord record, Func<string, string> rewrite) =>
        record.Value is null ? record : record with { Value = Encoding.UTF8.GetBytes(rewrite(Encoding.UTF8.GetString(record.Value))) };

    /// <summary>JSON without a field that holds a scalar.</summary>
    public static string Without(this string json, string field)
    {
        var shorter = Regex.Replace(json, $"\"{field}\":(\"(\\\\.|[^\"\\\\])*\"|[^,}}\"]+),?", "");
        return shorter == json
            ? throw new ArgumentException($"no {field} in {json}")
            : shorter.Replace(",}", "}", StringComparison.Ordinal);
    }

    public static ulong Lsn(this StreamRecord record) =>
        ulong.Parse(
            LsnField().Match(Encoding.UTF8.GetString(record.Value!)).Groups[1].Value,
            System.Globalization.CultureInfo.InvariantCulture
        );

    [GeneratedRegex("\"lsn\":(\\d+)")]
    private static partial Regex LsnField();
}
