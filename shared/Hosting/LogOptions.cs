using System.ComponentModel.DataAnnotations;
using Serilog.Events;

namespace Betting.Hosting;

/// <summary>Section <c>Logs</c>: everything goes to standard output.</summary>
public sealed class LogOptions : IValidatableObject
{
    public const string Section = "Logs";

    /// <summary><c>json</c> (one compact object a line, the default) or <c>text</c> for people.</summary>
    [AllowedValues("json", "text", ErrorMessage = "json or text")]
    public string Format { get; set; } = "json";

    public LogEventLevel Level { get; set; } = LogEventLevel.Information;

    /// <summary>
    /// Ids of commands (UUIDs) and of bets (numbers), separated by commas, 100 at most: each worker logs every step that it takes with
    /// one of them, at Information. Nothing by default.
    /// </summary>
    public string Follow { get; set; } = "";

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (FollowedIds.FaultOf(Follow) is { } fault)
        {
            yield return new ValidationResult(fault, [nameof(Follow)]);
        }
    }
}
