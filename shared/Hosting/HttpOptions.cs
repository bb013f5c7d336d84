using System.ComponentModel.DataAnnotations;

namespace Betting.Hosting;

/// <summary>Section <c>Http</c>: the worker's own endpoint for health and metrics.</summary>
public sealed class HttpOptions : IValidatableObject
{
    public const string Section = "Http";

    /// <summary>Where to listen; loopback unless told otherwise. Port 0 takes a free one, which the start line names.</summary>
    [Required]
    public string Url { get; set; } = "http://127.0.0.1:0";

    /// <summary>A loop that has not turned for this long makes the worker dead; 60 s by default.</summary>
    [Range(typeof(TimeSpan), "00:00:05", "01:00:00")]
    public TimeSpan LivenessLimit { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long the work in hand may take after SIGTERM; 30 s by default.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan DrainLimit { get; set; } = TimeSpan.FromSeconds(30);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!Url.Split(';').All(IsAddress))
        {
            yield return new ValidationResult(
                "http://ADDRESS:PORT, where ADDRESS is an IP address, localhost, or * for all; TLS is for a proxy",
                [nameof(Url)]
            );
        }
    }

    // A name that is no address would be taken for all addresses.
    static bool IsAddress(string url) =>
        Uri.TryCreate(
            url.Replace("://*", "://0.0.0.0", StringComparison.Ordinal).Replace("://+", "://0.0.0.0", StringComparison.Ordinal),
            UriKind.Absolute,
            out var parsed
        )
        && parsed is { Scheme: "http", AbsolutePath: "/", Query: "", UserInfo: "" }
        && (parsed.HostNameType is UriHostNameType.IPv4 or UriHostNameType.IPv6 || parsed.Host == "localhost");
}
