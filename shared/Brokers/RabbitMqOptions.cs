using System.ComponentModel.DataAnnotations;

namespace Betting.Connections;

/// <summary>Section <c>RabbitMq</c>.</summary>
public sealed class RabbitMqOptions : IValidatableObject
{
    public const string Section = "RabbitMq";

    /// <summary><c>amqp://user:password@host:port/vhost</c>, several <c>host:port</c> separated by commas, or <c>amqps://</c> for TLS.</summary>
    [Required(ErrorMessage = "required, for example amqp://ingest:…@127.0.0.1:5672/")]
    public string Uri { get; set; } = "";

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!RabbitAddress.TryParse(Uri, out _))
        {
            yield return new ValidationResult(RabbitAddress.Form, [nameof(Uri)]);
        }
    }
}
