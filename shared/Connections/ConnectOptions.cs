using System.ComponentModel.DataAnnotations;

namespace Betting.Connections;

/// <summary>
/// Section <c>Connect</c>: the Kafka Connect worker that runs the connector, where it can be asked how far the brokers have acknowledged.
/// </summary>
public sealed class ConnectOptions : IValidatableObject
{
    public const string Section = "Connect";

    /// <summary>
    /// Base address of Connect's REST interface, for example <c>http://connect:8083</c>. Default none: Connect is not asked.
    /// </summary>
    public Uri? Url { get; set; }

    /// <summary>The connector's name. Default <c>betting-postgres</c>.</summary>
    [Required]
    public string Connector { get; set; } = "betting-postgres";

    public bool IsKnown => Url is not null;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (
            Url is not null
            && !(
                Url.IsAbsoluteUri
                && Url
                    is {
                        Scheme: "http" or "https",
                        Host.Length: > 0,
                        Port: not 0,
                        AbsolutePath: "/",
                        Query: "",
                        Fragment: "",
                        UserInfo: ""
                    }
            )
        )
        {
            yield return new ValidationResult("http://HOST:PORT or https://HOST:PORT, without a path and without a user", [nameof(Url)]);
        }
    }
}
