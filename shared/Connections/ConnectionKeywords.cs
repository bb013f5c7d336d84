using System.Data.Common;
using Betting.Hosting;

namespace Betting.Connections;

/// <summary>
/// Reads a connection string of the form <c>Keyword=value;…</c> before its driver does: a driver's own message may quote what is part
/// of a secret, for example what follows a semicolon in a password.
/// </summary>
static class ConnectionKeywords
{
    /// <summary>Keywords and values in their order; null where the text has another form.</summary>
    public static IReadOnlyList<(string Keyword, string Value)>? Read(string text)
    {
        try
        {
            var parsed = new DbConnectionStringBuilder { ConnectionString = text };
            return [.. parsed.Keys.Cast<string>().Select(keyword => (keyword, parsed[keyword].ToString() ?? ""))];
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>What is wrong with the names of the keywords; each in its own words.</summary>
    public static IEnumerable<string> Unknown(
        IReadOnlyList<(string Keyword, string Value)> given,
        Func<string, bool> isKnown,
        IReadOnlyCollection<string> known
    )
    {
        var afterSecret = false;
        foreach (var ((keyword, _), place) in given.Select((each, place) => (each, place + 1)))
        {
            if (!isKnown(keyword))
            {
                yield return afterSecret
                    ? $"keyword {place} is none (a password that has ; or = is written in quotes){Spelling.Hint(keyword, known)}"
                    : $"there is no keyword '{keyword}'{Spelling.Hint(keyword, known)}";
            }
            afterSecret |= IsSecret(keyword);
        }
    }

    static bool IsSecret(string keyword) =>
        keyword.Contains("password", StringComparison.OrdinalIgnoreCase)
        || keyword.Equals("pwd", StringComparison.OrdinalIgnoreCase)
        || keyword.Equals("psw", StringComparison.OrdinalIgnoreCase);
}
