using System.ComponentModel.DataAnnotations;

namespace Betting.Connections;

/// <summary>Section <c>Connect</c>: the Kafka Connect worker that runs the connector, where it can be asked how far the brokers have acknowledged.</summary>
public sealed class ConnectOptions
{
    public const string Section = "Connect";

    /// <summary>Base address of Connect's REST interface, for example <c>http://connect:8083</c>. Default none: Connect is not asked.</summary>
    public Uri? Url { get; set; }

    /// <summary>The connector's name. Default <c>betting-postgres</c>.</summary>
    [Required]
    public string Connector { get; set; } = "betting-postgres";

    public bool IsKnown => Url is not null;
}
