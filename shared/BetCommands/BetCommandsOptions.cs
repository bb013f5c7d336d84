using Betting.Brokers;
using Microsoft.Extensions.Options;

namespace Betting.BetCommands;

/// <summary>The broker that commands go over.</summary>
public enum Via
{
    RabbitMq,
    Kafka,
}

/// <summary>
/// Section <c>BetCommands</c>; the brokers' addresses, TLS and SASL are in the sections <c>RabbitMq</c> and <c>Kafka</c>.
/// </summary>
public sealed class BetCommandsOptions
{
    public const string Section = "BetCommands";

    /// <summary><c>rabbitmq</c> (the default) or <c>kafka</c>.</summary>
    public Via Via { get; set; } = Via.RabbitMq;

    /// <summary>
    /// How long a publish, of one command or of up to <see cref="OnTheWay"/>, is tried, over reconnections; 30 s by default.
    /// </summary>
    public TimeSpan PublishWithin { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an outcome is waited for; 10 s by default.</summary>
    public TimeSpan AnswerWithin { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Unconfirmed commands at most while many are published; 1000 by default.</summary>
    public int OnTheWay { get; set; } = 1000;
}

/// <summary>Checked at boot.</summary>
sealed class BetCommandsRules(IOptions<RabbitMqOptions> rabbit, IOptions<KafkaOptions> kafka) : IValidateOptions<BetCommandsOptions>
{
    static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    public ValidateOptionsResult Validate(string? name, BetCommandsOptions options)
    {
        var wrong = new List<string>();
        if (options.Via == Via.RabbitMq && !RabbitAddress.TryParse(rabbit.Value.Uri, out _))
        {
            wrong.Add($"RabbitMq:Uri: {RabbitAddress.Form}");
        }
        if (options.Via == Via.Kafka && !BrokerList.IsValid(kafka.Value.BootstrapServers))
        {
            wrong.Add($"Kafka:BootstrapServers: {BrokerList.Form}");
        }
        if (
            options.PublishWithin <= TimeSpan.Zero
            || options.PublishWithin > Longest
            || options.AnswerWithin <= TimeSpan.Zero
            || options.AnswerWithin > Longest
        )
        {
            wrong.Add("BetCommands:PublishWithin and AnswerWithin: more than nothing, at most 10 minutes");
        }
        if (options.OnTheWay is < 1 or > 100_000)
        {
            wrong.Add("BetCommands:OnTheWay: 1 to 100000");
        }
        return wrong.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(wrong);
    }
}
