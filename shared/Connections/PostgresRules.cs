using System.ComponentModel;
using System.Reflection;
using System.Text.RegularExpressions;
using Npgsql;

namespace Betting.Connections;

/// <summary>What a PostgreSQL connection string may not say, because a worker depends on the opposite.</summary>
static partial class PostgresRules
{
    static readonly string[] Names =
    [
        .. typeof(NpgsqlConnectionStringBuilder)
            .GetProperties()
            .Select(property => property.GetCustomAttribute<DisplayNameAttribute>()?.DisplayName)
            .OfType<string>(),
    ];

    /// <summary>What is wrong, each in one line without a secret; empty where nothing is.</summary>
    public static IReadOnlyList<string> WhatIsWrong(string connectionString)
    {
        if (ConnectionKeywords.Read(connectionString) is not { } given)
        {
            return ["Keyword=value;…, for example Host=127.0.0.1;Database=betting;Username=ingest;Password=…"];
        }
        var builder = new NpgsqlConnectionStringBuilder();
        var wrong = ConnectionKeywords.Unknown(given, builder.ContainsKey, Names).ToList();
        if (wrong.Count > 0)
        {
            return wrong;
        }
        foreach (var (keyword, value) in given)
        {
            if (!Takes(builder, keyword, value))
            {
                wrong.Add($"the value of '{keyword}' is none that it takes");
            }
        }
        return wrong.Count > 0 ? wrong : [.. Promises(builder)];
    }

    static bool Takes(NpgsqlConnectionStringBuilder builder, string keyword, string value)
    {
        try
        {
            builder[keyword] = value;
            return true;
        }
        catch (Exception refused)
            when (refused is ArgumentException or FormatException or InvalidCastException or OverflowException or NotSupportedException)
        {
            return false;
        }
    }

    // A host with a port of its own, but for a socket's folder and an IPv6 address without brackets.
    [GeneratedRegex(
        @"^\s*(?:[^:/\[\]]+|\[.*\]):"
            + @"(?!0*(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])\s*$)[^:]*$"
    )]
    private static partial Regex WrongPort();

    [GeneratedRegex(@"^([^:]*|\[.*\]):[0-9]+$")]
    private static partial Regex WithPort();

    // A socket's folder begins with a /, an abstract socket with an @.
    static bool IsHost(string host) =>
        host.StartsWith('/')
        || host.StartsWith('@')
        || Uri.CheckHostName(WithPort().Match(host) is { Success: true } match ? match.Groups[1].Value : host)
            is not (UriHostNameType.Unknown or UriHostNameType.Basic);

    static IEnumerable<string> Promises(NpgsqlConnectionStringBuilder connection)
    {
        if (string.IsNullOrEmpty(connection.Host))
        {
            yield return "Host is required";
        }
        if (connection.Host?.Split(',').FirstOrDefault(host => WrongPort().IsMatch(host)) is { } wrong)
        {
            yield return $"Host has ports of 1 to 65535 (one is '{wrong.Trim()}')";
        }
        if (connection.Host?.Split(',').FirstOrDefault(host => !WrongPort().IsMatch(host) && !IsHost(host.Trim())) is { } unknown)
        {
            yield return $"Host has names, addresses or folders of sockets (one is '{unknown.Trim()}')";
        }
        if (connection.Port > 65535)
        {
            yield return "Port is 1 to 65535";
        }
        if (connection.Multiplexing)
        {
            yield return "Multiplexing=true is not allowed: locks and transactions belong to one connection";
        }
        if (connection.NoResetOnClose)
        {
            yield return "No Reset On Close=true is not allowed: the next user of a pooled connection would inherit its locks and settings";
        }
        if (!connection.Pooling)
        {
            yield return "Pooling=false is not allowed: every batch would open a connection of its own";
        }
        if (connection.CommandTimeout == 0 || connection.Timeout == 0)
        {
            yield return "Timeout=0 and Command Timeout=0 are not allowed: a server that stands still would never be noticed";
        }
        if (connection.MaxPoolSize < PostgresOptions.LeastPool || connection.MinPoolSize > connection.MaxPoolSize)
        {
            yield return $"Maximum Pool Size is at least {PostgresOptions.LeastPool} and Minimum Pool Size not more than it: a worker "
                + $"holds several connections at once";
        }
        if (
            connection.TargetSessionAttributes is { } target
            && !target.Equals("primary", StringComparison.OrdinalIgnoreCase)
            && !target.Equals("read-write", StringComparison.OrdinalIgnoreCase)
            && !target.Equals("any", StringComparison.OrdinalIgnoreCase)
        )
        {
            yield return "Target Session Attributes is primary, read-write or any: every worker writes";
        }
    }
}
