using System.ComponentModel.DataAnnotations;
using Serilog.Events;

namespace Betting.Hosting;

/// <summary>Section <c>Logs</c>: everything goes to standard output.</summary>
public sealed class LogOptions
{
    public const string Section = "Logs";

    /// <summary><c>json</c> (one compact object a line, the default) or <c>text</c> for people.</summary>
    [AllowedValues("json", "text", ErrorMessage = "json or text")]
    public string Format { get; set; } = "json";

    public LogEventLevel Level { get; set; } = LogEventLevel.Information;
}
