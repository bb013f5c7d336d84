using System.ComponentModel.DataAnnotations;
using Betting.Connections;
using Betting.Contracts;
using Betting.Debezium;

namespace Betting.CdcSink;

/// <summary>Where a consumer group begins that has no offset for a partition.</summary>
public enum FirstStart
{
    /// <summary>At the oldest record that the topic has.</summary>
    Beginning,

    /// <summary>Only what comes from now on; what was before has to be read otherwise.</summary>
    End,
}

/// <summary>What happens to a partition whose next record is no longer in the topic.</summary>
public enum LostOffset
{
    /// <summary>It waits for an operator; the other partitions go on.</summary>
    Stop,

    /// <summary>It goes on at the first record there is. What the topic lost stays lost until a reconciliation mends it.</summary>
    Earliest,
}

/// <summary>Section <c>CdcSink</c>.</summary>
public sealed class CdcSinkOptions
{
    public const string Section = "CdcSink";

    /// <summary>Debezium's <c>topic.prefix</c>. Default <c>betting</c>.</summary>
    [Required]
    [RegularExpression(ChangeTopics.PrefixPattern, ErrorMessage = ChangeTopics.PrefixForm)]
    public string TopicPrefix { get; set; } = ChangeTopics.DefaultPrefix;

    /// <summary>Consumer group. Default <c>cdc-sink</c>.</summary>
    [Required]
    public string Group { get; set; } = Topics.CdcSinkGroup;

    /// <summary>Where a topic begins that neither the group nor ClickHouse knows. Default the beginning.</summary>
    public FirstStart FirstStart { get; set; } = FirstStart.Beginning;

    /// <summary>What happens where records are gone before they were read. Default that partition stops; never a silent jump.</summary>
    public LostOffset LostOffset { get; set; } = LostOffset.Stop;

    /// <summary>How often the worker looks for orders to rewind. Default 2 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00")]
    public TimeSpan RewindsEvery { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How often the worker looks for snapshots that ended and are not settled. Default 1 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00")]
    public TimeSpan SnapshotEndsEvery { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Epoch of records without the header <c>epoch</c>. Default 1.</summary>
    [Range(0, ChangeVersion.MaxEpoch)]
    public int DefaultEpoch { get; set; } = 1;

    /// <summary>
    /// What bare numbers in columns of times count, for tables that have <c>timestamp</c> in place of <c>timestamptz</c> and records
    /// without schemas: <c>users.created_at</c>, <c>events.start_time</c>, <c>bets.placed_at</c>, <c>bets.settled_at</c>, each
    /// Days, Milliseconds, Microseconds or Nanoseconds. Default none: such a record goes to the dead letters, its unit is not guessed.
    /// </summary>
    [KnownColumns]
    public Dictionary<string, TimeUnit> TimeUnits { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// A batch has so many records at most. Default 50,000: with two applied and one gathered, a snapshot leaves the worker below 300 MB.
    /// </summary>
    [Range(1, 1_000_000)]
    public int BatchRecords { get; set; } = 50_000;

    /// <summary>A batch has so many bytes of encoded rows at most. Default 16 MiB.</summary>
    [Range(1 << 10, 1 << 30)]
    public int BatchBytes { get; set; } = 16 << 20;

    /// <summary>
    /// A batch is applied this long after its first record, three times as long where it is a quarter full by then; while others are, it
    /// grows. Default 250 ms.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:01:00")]
    public TimeSpan BatchAge { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Larger record values go to the dead letters unread, in bytes. Default 16 MiB.</summary>
    [Range(1 << 10, 1 << 30)]
    public int RecordBytes { get; set; } = 16 << 20;

    /// <summary>
    /// So many bets are joined by one statement, up to twice as many of those that a batch brings besides its own; a hot event's bets take
    /// many. Default 65,536.
    /// </summary>
    [Range(1, 100_000)]
    public int JoinBets { get; set; } = 65_536;

    /// <summary>
    /// So many bets of changed users and events are joined within their batch; more are joined beside the batches that follow, and the
    /// progress of the topics that brought them waits for it. Default 100,000.
    /// </summary>
    [Range(0, 10_000_000)]
    public int MaxInlineJoinBets { get; set; } = 100_000;

    /// <summary>The longest pause between two attempts while ClickHouse is away. Default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:10:00")]
    public TimeSpan RetryPause { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a rebalance waits for batches in hand before it gives their partitions away. Default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00")]
    public TimeSpan RebalanceWait { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often the lag is looked at. Default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00")]
    public TimeSpan LagEvery { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a watermark waits, where no Kafka Connect is configured that says what the brokers have acknowledged (section
    /// <c>Connect</c>): records that precede it may reach Kafka after it. Default 5 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")]
    public TimeSpan WatermarkSettle { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Watermarks that follow each other and are further apart than this, by PostgreSQL's clock, show that capture stood still; a
    /// reconciliation is asked for. Default 5 minutes.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:10", "1.00:00:00")]
    public TimeSpan CaptureGap { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How old the look may be that a gauge of the lag rests on; an older one says nothing of now. Six looks, and the limits of the
    /// questions that may hold up one of them.
    /// </summary>
    internal TimeSpan LagLimit => 6 * LagEvery + TimeSpan.FromSeconds(30);

    /// <summary>The limits that the consumer's timeouts have to fit.</summary>
    internal GroupLimits Limits(TimeSpan drainLimit) =>
        new(RebalanceWait, $"{Section}:{nameof(RebalanceWait)}", RebalanceWait + Read.PartitionStarts.Longest, drainLimit);

    /// <summary>How records are decoded under these settings.</summary>
    public DecoderOptions Decoding() =>
        new()
        {
            DefaultEpoch = DefaultEpoch,
            MaxValueBytes = RecordBytes,
            TimeUnits = new TimeUnits(Unit("users.created_at"), Unit("events.start_time"), Unit("bets.placed_at"), Unit("bets.settled_at")),
        };

    /// <summary>The same, with batches that age never closes.</summary>
    public CdcSinkOptions Unhurried()
    {
        var copy = (CdcSinkOptions)MemberwiseClone();
        copy.BatchAge = TimeSpan.MaxValue;
        return copy;
    }

    TimeUnit Unit(string column) => TimeUnits.GetValueOrDefault(column);

    /// <summary>A column that nobody reads is a spelling mistake.</summary>
    sealed class KnownColumnsAttribute : ValidationAttribute
    {
        static readonly string[] Known = ["users.created_at", "events.start_time", "bets.placed_at", "bets.settled_at"];

        protected override ValidationResult? IsValid(object? value, ValidationContext context) =>
            ((Dictionary<string, TimeUnit>)value!).Keys.FirstOrDefault(column => !Known.Contains(column, StringComparer.OrdinalIgnoreCase))
                is { } unknown
                ? new ValidationResult($"'{unknown}' is none of {string.Join(", ", Known)}", [context.MemberName!])
                : ValidationResult.Success;
    }
}
