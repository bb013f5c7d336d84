using System.Globalization;

namespace Betting.Hosting;

/// <summary>Whether a text can be the value of a setting, and what is allowed where it cannot.</summary>
static class SettingValue
{
    static readonly string[] Secret = ["ConnectionString", "Uri", "Password", "Username", "Sasl", "Secret", "Token", "Key", "Otlp"];

    /// <summary>What is allowed, in words; null where the text is.</summary>
    public static string? Allowed(string text, Type type)
    {
        var wanted = Nullable.GetUnderlyingType(type) ?? type;
        return Reads(text, wanted) ? null : Form(wanted);
    }

    /// <summary>How values of the type are written.</summary>
    public static string Form(Type type) =>
        type switch
        {
            { IsEnum: true } => "one of " + string.Join(", ", Enum.GetNames(type)),
            _ when type == typeof(bool) => "true or false",
            _ when type == typeof(TimeSpan) => "a time as hh:mm:ss, for example 00:00:05 or 00:00:00.250",
            _ when type == typeof(double) || type == typeof(decimal) => "a number such as 12.34",
            _ when type == typeof(Uri) => "an address such as http://host:8083",
            _ => "a whole number",
        };

    static bool Reads(string text, Type type) =>
        type switch
        {
            // Numbers are no names: what they mean changes with the code.
            { IsEnum: true } => Enum.GetNames(type).Contains(text.Trim(), StringComparer.OrdinalIgnoreCase),
            _ when type == typeof(bool) => bool.TryParse(text, out _),
            _ when type == typeof(int) => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
            _ when type == typeof(long) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
            _ when type == typeof(double) || type == typeof(decimal) => decimal.TryParse(
                text,
                NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture,
                out _
            ),
            // A bare 5 would be five days.
            _ when type == typeof(TimeSpan) => TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out _)
                && (text.Contains(':', StringComparison.Ordinal) || text == "0"),
            _ when type == typeof(Uri) => Uri.TryCreate(text, UriKind.RelativeOrAbsolute, out _),
            _ => true,
        };

    /// <summary>How a message quotes the value: not at all where it may hold a secret, as an address with a user does.</summary>
    public static string Quoted(string setting, string? value) =>
        value is null
        || value.Contains('@', StringComparison.Ordinal)
        || Secret.Any(word => setting.Contains(word, StringComparison.OrdinalIgnoreCase))
            ? ""
            : $" (it is '{value.ReplaceLineEndings(" ")}')";
}
