using System.Globalization;
using System.Text.RegularExpressions;

namespace Betting.Brokers;

/// <summary>The form of <c>Kafka:BootstrapServers</c>. librdkafka takes any text and then tries for ever to reach it.</summary>
public static partial class BrokerList
{
    /// <summary>The form, for messages.</summary>
    public const string Form = "host:port, several separated by commas, for example 127.0.0.1:9092; TLS is Kafka:SecurityProtocol";

    /// <summary>
    /// Returns true where each part is a host name or an address (IPv6 in brackets), with a port of 1 to 65535 or none, which is 9092.
    /// </summary>
    public static bool IsValid(string text)
    {
        var brokers = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return brokers.Length > 0
            && brokers.All(broker => Broker().Match(broker) is { Success: true } match && IsPort(match.Groups[1].Value));
    }

    static bool IsPort(string digits) => digits.Length == 0 || int.Parse(digits, CultureInfo.InvariantCulture) is > 0 and <= 65535;

    [GeneratedRegex(@"^(?:[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]+(?:%[A-Za-z0-9]+)?\])(?::([0-9]{1,5}))?$")]
    private static partial Regex Broker();
}
