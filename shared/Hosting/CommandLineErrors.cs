using System.CommandLine;
using System.CommandLine.Parsing;

namespace Betting.Hosting;

/// <summary>What is wrong with a command's arguments, in one line.</summary>
public static class CommandLineErrors
{
    /// <summary>The first error's line; null where there is none.</summary>
    public static string? Line(ParseResult parsed) =>
        (
            parsed.Errors is [var first, ..]
                ? Line(first)
                : parsed.CommandResult.Children.Select(Misread).FirstOrDefault(wrong => wrong is not null)
        )?.ReplaceLineEndings(" ");

    // The parser takes the number of an enumeration's value for its name, and 5 for five days.
    static string? Misread(SymbolResult given)
    {
        var (name, type) =
            given is OptionResult option ? (option.Option.Name, option.Option.ValueType)
            : given is ArgumentResult argument ? (argument.Argument.Name, argument.Argument.ValueType)
            : ("", typeof(string));
        // A variable that is not set: as a filter it would match everything.
        if (given.Tokens.Any(token => string.IsNullOrWhiteSpace(token.Value)))
        {
            return $"{name} is empty";
        }
        return given.Tokens.FirstOrDefault(token => SettingValue.Allowed(token.Value, type) is not null) is { } wrong
            ? Takes(name, type, wrong.Value)
            : null;
    }

    static string Takes(string name, Type type, string text) => $"{name} takes {Allowed(type)} (it is '{text}')";

    static string Line(ParseError error)
    {
        var (name, type, text) = error.SymbolResult switch
        {
            ArgumentResult { Parent: OptionResult option } argument => (option.Option.Name, argument.Argument.ValueType, Text(argument)),
            ArgumentResult argument => (argument.Argument.Name, argument.Argument.ValueType, Text(argument)),
            OptionResult option => (option.Option.Name, option.Option.ValueType, Text(option)),
            _ => ("", typeof(string), ""),
        };
        // Of the right form, it breaks a rule of the verb, whose message says which.
        return Allowed(type) is not null && text != "" && !IsRead(text, type) ? Takes(name, type, text) : error.Message.TrimEnd('.');
    }

    static bool IsRead(string text, Type type) =>
        (Nullable.GetUnderlyingType(type) ?? type) == typeof(Guid) ? Guid.TryParse(text, out _) : SettingValue.Allowed(text, type) is null;

    static string Text(SymbolResult symbol) => symbol.Tokens is [var token, ..] ? token.Value : "";

    // The parser's own words for these name types of the program.
    static string? Allowed(Type type)
    {
        var wanted = Nullable.GetUnderlyingType(type) ?? type;
        return wanted == typeof(Guid) ? "an id such as 01234567-89ab-cdef-0123-456789abcdef"
            : wanted.IsEnum || wanted.IsPrimitive || wanted == typeof(TimeSpan) ? SettingValue.Form(wanted)
            : null;
    }
}
