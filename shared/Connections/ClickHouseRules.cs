using System.Globalization;
using System.Reflection;
using ClickHouse.Driver.ADO;

namespace Betting.Connections;

/// <summary>What a ClickHouse connection string may not say, because a worker depends on the opposite.</summary>
static class ClickHouseRules
{
    const string Setting = "set_";

    static readonly IReadOnlyDictionary<string, PropertyInfo> Known = typeof(ClickHouseConnectionStringBuilder)
        .GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
        .Where(property => property.CanWrite)
        .ToDictionary(property => property.Name, StringComparer.OrdinalIgnoreCase);

    // Server settings of which the workers' statements depend on one value: those that are sent with each, and some that a statement sets
    // itself.
    static readonly string[] Own =
    [
        .. ClickHouseSettings.Sent.Keys,
        "readonly",
        "do_not_merge_across_partitions_select_final",
        "mutations_sync",
    ];

    /// <summary>What is wrong, each in one line without a secret; empty where nothing is.</summary>
    public static IReadOnlyList<string> WhatIsWrong(string connectionString)
    {
        if (ConnectionKeywords.Read(connectionString) is not { } given)
        {
            return ["Keyword=value;…, for example Host=127.0.0.1;Port=8123;Database=betting;Username=default"];
        }
        var wrong = ConnectionKeywords
            .Unknown(given, keyword => Known.ContainsKey(keyword) || IsSetting(keyword), [.. Known.Keys])
            .ToList();
        if (wrong.Count == 0 && !given.Any(each => each.Keyword.Equals("Host", StringComparison.OrdinalIgnoreCase)))
        {
            // The driver would take this machine.
            wrong.Add("Host is required");
        }
        return wrong.Count > 0 ? wrong : [.. given.SelectMany(each => Value(each.Keyword, each.Value))];
    }

    static IEnumerable<string> Value(string keyword, string value)
    {
        if (IsSetting(keyword))
        {
            if (
                Own.Contains(keyword[Setting.Length..], StringComparer.OrdinalIgnoreCase)
                || keyword.StartsWith("set_input_format_", StringComparison.OrdinalIgnoreCase)
                || keyword.StartsWith("set_output_format_", StringComparison.OrdinalIgnoreCase)
            )
            {
                yield return $"{keyword} is the worker's own to set";
            }
            yield break;
        }
        switch (Known[keyword].Name)
        {
            case "Protocol" when value is not ("http" or "https"):
                yield return "Protocol is http or https";
                break;
            case "Host" when Uri.CheckHostName(value) is UriHostNameType.Unknown or UriHostNameType.Basic:
                yield return "Host is one name or address, without port and scheme (keywords Port and Protocol); several servers "
                    + "stand behind a load balancer";
                break;
            case "Port"
                when !(int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= 65535):
                yield return "Port is 1 to 65535";
                break;
            case "Timeout"
                when !(
                    double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
                    && seconds is > 0 and <= 3600
                ):
                yield return "Timeout is more than 0 and at most 3600 seconds";
                break;
            case "UseSession" or "SessionId" when !value.Equals("false", StringComparison.OrdinalIgnoreCase):
                yield return $"{Known[keyword].Name} is not allowed: a session runs one statement at a time";
                break;
            default:
                if (Known[keyword].PropertyType == typeof(bool) && !bool.TryParse(value, out _))
                {
                    yield return $"{Known[keyword].Name} is true or false";
                }
                break;
        }
    }

    static bool IsSetting(string keyword) =>
        keyword.StartsWith(Setting, StringComparison.OrdinalIgnoreCase) && keyword.Length > Setting.Length;
}
