using System.ComponentModel.DataAnnotations;

namespace Betting.Brokers;

/// <summary>Section <c>RabbitMq</c>.</summary>
public sealed class RabbitMqOptions : IValidatableObject
{
    public const string Section = "RabbitMq";

    /// <summary>
    /// <c>amqp://user:password@host:port/vhost</c>, several <c>host:port</c> separated by commas, or <c>amqps://</c> for TLS.
    /// </summary>
    [Required(ErrorMessage = "required, for example amqp://ingest:…@127.0.0.1:5672/")]
    public string Uri { get; set; } = "";

    /// <summary>
    /// Address of the management plugin's HTTP API, <c>http://host:15672</c>; optional. With it the worker reports policies under which
    /// RabbitMQ loses messages. User and password are those of <see cref="Uri"/>; the user needs the tag <c>monitoring</c>.
    /// </summary>
    public string ManagementUri { get; set; } = "";

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!RabbitAddress.TryParse(Uri, out _))
        {
            yield return new ValidationResult(RabbitAddress.Form, [nameof(Uri)]);
        }
        if (ManagementUri.Length > 0 && !IsAddress(ManagementUri))
        {
            yield return new ValidationResult(
                "http://HOST:PORT or https://HOST:PORT; user and password are those of RabbitMq:Uri",
                [nameof(ManagementUri)]
            );
        }
    }

    static bool IsAddress(string text) =>
        System.Uri.TryCreate(text, UriKind.Absolute, out var address)
        && address is { Scheme: "http" or "https", Host.Length: > 0, Port: > 0, UserInfo: "", AbsolutePath: "/", Query: "", Fragment: "" };
}
