using Betting.Hosting;

namespace Betting.Schema;

/// <summary>Who logs in with which password, as an argument of a <c>migrate</c> says it.</summary>
public sealed record NamedPassword(string Name, string Password)
{
    /// <summary>Reads <c>NAME=PASSWORD</c>, or <c>NAME=@FILE</c> whose only line is the password.</summary>
    /// <returns>Null where it is neither. The text is in no message: it may be a password.</returns>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static NamedPassword? Read(string argument)
    {
        var sign = argument.IndexOf('=', StringComparison.Ordinal);
        if (sign < 1)
        {
            return null;
        }
        var value = argument[(sign + 1)..];
        return new NamedPassword(argument[..sign], value.StartsWith('@') ? File.ReadAllText(value[1..]).TrimEnd('\r', '\n') : value);
    }

    /// <summary>
    /// What is wrong with one of several arguments, to be read behind the option's name; null where nothing is. The text is in no message.
    /// </summary>
    /// <param name="argument">The argument.</param>
    /// <param name="names">Who may be named.</param>
    public static string? WhatIsWrong(string argument, IEnumerable<string> names)
    {
        try
        {
            return Read(argument) is not { } read ? "takes NAME=PASSWORD or NAME=@FILE"
                : !names.Contains(read.Name, StringComparer.Ordinal)
                    ? $"takes the names {string.Join(", ", names)}{Spelling.Hint(read.Name, names)}"
                : string.IsNullOrWhiteSpace(read.Password)
                    ? $"takes no empty password, which {read.Name} has: a login with one is open to everybody"
                : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return $"takes a file that can be read behind @: {failure.Message}";
        }
    }

    /// <summary>Reads all of them.</summary>
    /// <returns>Null where one is of neither form.</returns>
    /// <exception cref="ArgumentsException">A name is given more than once.</exception>
    public static IReadOnlyList<NamedPassword>? ReadAll(IReadOnlyCollection<string> arguments)
    {
        var read = arguments.Select(Read).OfType<NamedPassword>().ToList();
        if (read.GroupBy(each => each.Name).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            throw new ArgumentsException($"the password of {twice.Key} is given more than once");
        }
        return read.Count == arguments.Count ? read : null;
    }

    /// <summary>Checks that there is a password: a login with an empty one is open to everybody.</summary>
    /// <exception cref="SchemaException">It is empty, or the file's only line is.</exception>
    public void RequirePassword()
    {
        if (string.IsNullOrWhiteSpace(Password))
        {
            throw new SchemaException(
                $"the password of {Name} is empty: give NAME=PASSWORD, or NAME=@FILE with the password in the file's only line"
            );
        }
    }

    /// <summary>The name alone.</summary>
    public override string ToString() => Name;
}
