using System.CommandLine;
using System.CommandLine.Parsing;

namespace Betting.Hosting;

/// <summary>What is wrong with a verb's arguments, in one line.</summary>
static class CommandLineErrors
{
    /// <summary>The first error's line; null where there is none.</summary>
    public static string? Line(ParseResult parsed) => parsed.Errors is [var first, ..] ? Line(first).ReplaceLineEndings(" ") : null;

    static string Line(ParseError error)
    {
        var (name, type, text) = error.SymbolResult switch
        {
            ArgumentResult { Parent: OptionResult option } argument => (option.Option.Name, argument.Argument.ValueType, Text(argument)),
            ArgumentResult argument => (argument.Argument.Name, argument.Argument.ValueType, Text(argument)),
            OptionResult option => (option.Option.Name, option.Option.ValueType, Text(option)),
            _ => ("", typeof(string), ""),
        };
        return Allowed(type) is { } allowed && text != "" ? $"{name} takes {allowed} (it is '{text}')" : error.Message.TrimEnd('.');
    }

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
