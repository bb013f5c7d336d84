using System.ComponentModel.DataAnnotations;

namespace Betting.Hosting;

/// <summary>Section <c>Http</c>: the worker's own endpoint for health and metrics.</summary>
public sealed class HttpOptions
{
    public const string Section = "Http";

    /// <summary>Where to listen; loopback unless told otherwise. Port 0 takes a free one, which the start line names.</summary>
    [Required, Url]
    public string Url { get; set; } = "http://127.0.0.1:0";

    /// <summary>A loop that has not turned for this long makes the worker dead; 60 s by default.</summary>
    [Range(typeof(TimeSpan), "00:00:05", "01:00:00")]
    public TimeSpan LivenessLimit { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long the work in hand may take after SIGTERM; 30 s by default.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan DrainLimit { get; set; } = TimeSpan.FromSeconds(30);
}
