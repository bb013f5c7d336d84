using System.ComponentModel.DataAnnotations;
using Betting.Contracts;

namespace Betting.Reconciler;

/// <summary>Section <c>Reconciler</c>.</summary>
public sealed class ReconcilerOptions
{
    public const string Section = "Reconciler";

    /// <summary>Debezium's <c>topic.prefix</c>; <c>betting</c> by default.</summary>
    [Required]
    [RegularExpression(ChangeTopics.PrefixPattern, ErrorMessage = ChangeTopics.PrefixForm)]
    public string TopicPrefix { get; set; } = ChangeTopics.DefaultPrefix;

    /// <summary>When to run, as a cron expression of five fields in UTC; every day at 03:15 by default.</summary>
    [CronSchedule]
    public string Schedule { get; set; } = "15 3 * * *";

    /// <summary>Whether the worker also runs once when it starts; true by default.</summary>
    public bool RunOnStart { get; set; } = true;

    /// <summary>
    /// When to run again after a run that could not compare, or that found drift while a request holds <c>data_as_of</c>; 5 min by default.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan RetryAfter { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a run waits for ClickHouse to hold everything that the cut sees; 5 min by default.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan SinkLimit { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// A difference is reported only if it is still there after this time, on the same cut; 15 s by default. It covers what
    /// no cut can: a record that its producer had not delivered yet, a batch of the sink between its steps.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan ConfirmFor { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>At most this many differing bets are listed, day by day from the oldest; 1000 by default. Sums are always whole.</summary>
    [Range(1, 100_000)]
    public int MaxFindings { get; set; } = 1000;
}
