using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Betting.Hosting;

/// <summary>Checks a section's annotations and names each setting that fails as an operator writes it: <c>Section:Key</c>.</summary>
sealed class SectionRules<T>(string section) : IValidateOptions<T> where T : class
{
    public ValidateOptionsResult Validate(string? name, T options)
    {
        var results = new List<ValidationResult>();
        if (Validator.TryValidateObject(options, new ValidationContext(options), results, validateAllProperties: true))
        {
            return ValidateOptionsResult.Success;
        }
        return ValidateOptionsResult.Fail(results.Select(result =>
            $"{string.Join(", ", result.MemberNames.Select(member => $"{section}:{member}"))}: {result.ErrorMessage}"));
    }
}
