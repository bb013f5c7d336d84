using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Betting.Hosting;

/// <summary>Checks a section's annotations and names each setting that fails as an operator writes it: <c>Section:Key</c>.</summary>
sealed class SectionRules<T>(string section, IConfiguration configuration) : IValidateOptions<T>
    where T : class
{
    public ValidateOptionsResult Validate(string? name, T options)
    {
        var results = new List<ValidationResult>();
        if (Validator.TryValidateObject(options, new ValidationContext(options), results, validateAllProperties: true))
        {
            return ValidateOptionsResult.Success;
        }
        return ValidateOptionsResult.Fail(results.Select(result => Line(options, result)));
    }

    string Line(T options, ValidationResult result)
    {
        var settings = result.MemberNames.Select(member => $"{section}:{member}").ToList();
        var quoted = settings is [var only] ? SettingValue.Quoted(only, configuration[only]) : "";
        return $"{string.Join(", ", settings)}: {Range(options, result) ?? result.ErrorMessage}{quoted}";
    }

    // The attribute's own words name the property without its section.
    static string? Range(T options, ValidationResult result) =>
        result.MemberNames.FirstOrDefault() is { } member
        && typeof(T).GetProperty(member) is { } property
        && property.GetCustomAttribute<RangeAttribute>() is { ErrorMessage: null } range
        && !range.IsValid(property.GetValue(options))
            ? string.Create(CultureInfo.InvariantCulture, $"{range.Minimum} to {range.Maximum}")
            : null;
}
