using System.ComponentModel.DataAnnotations;
using Betting.Brokers;
using Betting.Contracts.Commands;
using Betting.Ingest.Decide;
using Betting.Ingest.Receive.Kafka;
using Betting.Ingest.Receive.RabbitMq;

namespace Betting.Ingest;

/// <summary>Where commands come in.</summary>
public enum Door
{
    RabbitMq,
    Kafka,
}

/// <summary>Section <c>Ingest</c>.</summary>
public sealed class IngestOptions : IValidatableObject
{
    public const string Section = "Ingest";

    /// <summary>The doors that this replica opens, separated by commas: <c>rabbitmq,kafka</c> (the default), or one of them.</summary>
    [Required]
    public string Doors { get; set; } = "rabbitmq,kafka";

    /// <summary>Commands in one transaction at most; 1000 by default.</summary>
    [Range(1, RabbitConsumer.Prefetch)]
    public int BatchSize { get; set; } = 1000;

    /// <summary>How long the first command of a batch waits for others; 2 ms by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:01")]
    public TimeSpan Linger { get; set; } = TimeSpan.FromMilliseconds(2);

    /// <summary>
    /// Bytes of large messages that a door holds whole at most; 32 MiB by default. RabbitMQ messages beyond it are cut while they are
    /// received, Kafka batches have a quarter of it. Messages of a command's size are bounded by their number,
    /// <see cref="RabbitConsumer.Prefetch"/>, 40 KiB each. Larger bodies are refused, cut or whole.
    /// </summary>
    [Range(1024 * 1024, int.MaxValue)]
    public int HeldBytes { get; set; } = 32 * 1024 * 1024;

    /// <summary>
    /// How RabbitMQ keeps the commands: <c>quorum</c> (the default) or <c>classic</c>; a queue cannot be changed from one to the other.
    /// </summary>
    [EnumDataType(typeof(QueueKind))]
    public QueueKind Queue { get; set; } = QueueKind.Quorum;

    /// <summary>
    /// What happens where a Kafka partition's offset is no longer in the topic: <c>stop</c> (the default) or <c>earliest</c>.
    /// </summary>
    [EnumDataType(typeof(LostOffset))]
    public LostOffset LostOffset { get; set; } = LostOffset.Stop;

    /// <summary>
    /// Queues that answers may be sent to, separated by commas; a * stands for any characters. By default RabbitMQ's direct
    /// reply-to, queues that it named, MassTransit's bus endpoints, and names that begin with <c>bet-replies</c>.
    /// </summary>
    [Required(AllowEmptyStrings = true)]
    public string ReplyQueues { get; set; } = "amq.rabbitmq.reply-to.*,amq.gen-*,*_bus_*,bet-replies*";

    /// <summary>How long an answer is tried; its command stays unacknowledged meanwhile. 5 s by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")]
    public TimeSpan ReplyWait { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a command waits for its user, event or bet; 10 minutes by default.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "7.00:00:00")]
    public TimeSpan ParkFor { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How often parked commands are looked through; 1 s by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.05", "00:01:00")]
    public TimeSpan ParkedEvery { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Parked commands that one transaction releases at most; 2,000 by default.</summary>
    [Range(1, 20_000)]
    public int ReleaseSize { get; set; } = 2_000;

    /// <summary>Highest stake, deposit or withdrawal.</summary>
    [Range(typeof(decimal), "0.01", "9999999999.99")]
    public decimal MaxAmount { get; set; } = 9_999_999_999.99m;

    /// <summary>Highest payout of a bet.</summary>
    [Range(typeof(decimal), "0.01", "999999999999.99")]
    public decimal MaxPayout { get; set; } = 999_999_999_999.99m;

    /// <summary>Highest balance of a wallet.</summary>
    [Range(typeof(decimal), "0.01", "999999999999.99")]
    public decimal MaxBalance { get; set; } = 999_999_999_999.99m;

    /// <summary>How far issuedAt may be ahead of PostgreSQL's clock; 5 minutes by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "365.00:00:00")]
    public TimeSpan MaxIssuedAhead { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How far this machine's clock may be from PostgreSQL's before the replica is not ready, and the largest jump of PostgreSQL's clock
    /// that is not doubted; 5 s by default.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")]
    public TimeSpan MaxClockSkew { get; set; } = TimeSpan.FromSeconds(5);

    public bool Opens(Door door) => Names.Contains(door.ToString(), StringComparer.OrdinalIgnoreCase);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Names.Length == 0 || Names.Any(name => !Enum.GetNames<Door>().Contains(name, StringComparer.OrdinalIgnoreCase)))
        {
            yield return new ValidationResult("rabbitmq, kafka or both separated by a comma", [nameof(Doors)]);
        }
    }

    internal string[] ReplyQueueNames => ReplyQueues.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    internal Limits ToLimits() => new(Limit(MaxAmount), Limit(MaxPayout), Limit(MaxBalance), MaxIssuedAhead);

    // An amount has two decimals: a third one of its limit changes nothing.
    static Money Limit(decimal limit) => Money.FromDecimal(decimal.Round(limit, 2, MidpointRounding.ToZero));

    string[] Names => Doors.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
