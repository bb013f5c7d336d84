using System.Text.RegularExpressions;
using Betting.Hosting;
using StackExchange.Redis;

namespace Betting.Connections;

/// <summary>What a Redis configuration may not say, because a worker depends on the opposite.</summary>
static partial class RedisRules
{
    /// <summary>What is wrong, each in one line without a secret; empty where nothing is.</summary>
    public static IReadOnlyList<string> WhatIsWrong(string configuration)
    {
        var wrong = new List<string>();
        var (endpoints, afterSecret, place) = (0, false, 0);
        foreach (var part in configuration.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            place++;
            var sign = part.IndexOf('=', StringComparison.Ordinal);
            var key = sign < 0 ? "" : part[..sign].Trim();
            endpoints += sign < 0 ? 1 : 0;
            if (afterSecret && sign < 0)
            {
                wrong.Add($"part {place} is an address behind a password: addresses come first, and a password has no comma");
            }
            else if (!Takes(sign < 0 ? part : $"127.0.0.1,{part}"))
            {
                wrong.Add(
                    afterSecret || sign < 0
                        ? $"part {place} is neither host:port nor an option"
                        : $"the option '{key}' or its value is none that is known"
                );
            }
            else if (sign < 0 && !HasHost(part))
            {
                wrong.Add($"part {place} has no host, which is a name or an address, without a scheme");
            }
            else if (sign < 0 && ZeroPort().IsMatch(part))
            {
                wrong.Add($"part {place} has the port 0, at which nothing listens");
            }
            else
            {
                wrong.AddRange(Promises(key, part[(sign + 1)..].Trim()));
            }
            afterSecret |= Spelling.Nearest(key, ["password"]) is not null;
        }
        return endpoints == 0 ? [.. wrong, "an address is required, for example 127.0.0.1:6379"] : wrong;
    }

    // Not the end of an IPv6 address such as ::0.
    [GeneratedRegex("(?<=[^:]):0+$")]
    private static partial Regex ZeroPort();

    // Of several colons without brackets, none is in front of a port.
    [GeneratedRegex(@"^([^:]*|\[.*\]):[0-9]+$")]
    private static partial Regex WithPort();

    // A socket's path begins with a !.
    static bool HasHost(string address)
    {
        var host = WithPort().Match(address) is { Success: true } match ? match.Groups[1].Value : address;
        return host.StartsWith('!') || Uri.CheckHostName(host) is not (UriHostNameType.Unknown or UriHostNameType.Basic);
    }

    static bool Takes(string configuration)
    {
        try
        {
            ConfigurationOptions.Parse(configuration, ignoreUnknown: false);
            return true;
        }
        catch (Exception refused) when (refused is ArgumentException or FormatException or OverflowException or InvalidOperationException)
        {
            return false;
        }
    }

    static IEnumerable<string> Promises(string key, string value)
    {
        var isTimeout = key.EndsWith("Timeout", StringComparison.OrdinalIgnoreCase);
        if (key.Equals("abortConnect", StringComparison.OrdinalIgnoreCase) && !value.Equals("false", StringComparison.OrdinalIgnoreCase))
        {
            yield return "abortConnect is false: the worker starts while Redis is away";
        }
        if (key.StartsWith('$'))
        {
            yield return $"'{key}' is not allowed: commands have their own names";
        }
        if (key.Equals("proxy", StringComparison.OrdinalIgnoreCase) && !value.Equals("None", StringComparison.OrdinalIgnoreCase))
        {
            yield return "proxy is None: the counters' scripts need the server itself";
        }
        if (key.Equals("channelPrefix", StringComparison.OrdinalIgnoreCase) || (isTimeout && value.Trim('0').Length == 0))
        {
            yield return isTimeout ? $"{key} is more than 0 ms" : "channelPrefix is not allowed: key names are the contract with readers";
        }
    }
}
