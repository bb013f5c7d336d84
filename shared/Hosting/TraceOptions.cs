using System.ComponentModel.DataAnnotations;

namespace Betting.Hosting;

/// <summary>Section <c>OpenTelemetry</c>.</summary>
public sealed class TraceOptions : IValidatableObject
{
    public const string Section = "OpenTelemetry";

    /// <summary>Where traces go over OTLP, for example <c>http://collector:4317</c>; nowhere by default.</summary>
    public string? OtlpEndpoint { get; set; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!string.IsNullOrEmpty(OtlpEndpoint) && !IsAddress(OtlpEndpoint))
        {
            yield return new ValidationResult("an address such as http://collector:4317", [nameof(OtlpEndpoint)]);
        }
    }

    internal static bool IsAddress(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri is { Scheme: "http" or "https", Port: not 0 };
}
