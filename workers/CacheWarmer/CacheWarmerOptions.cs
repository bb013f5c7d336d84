using System.ComponentModel.DataAnnotations;

namespace Betting.CacheWarmer;

/// <summary>Section <c>CacheWarmer</c>. Key names and lifetimes are no options: they are the contract with readers.</summary>
public sealed class CacheWarmerOptions
{
    public const string Section = "CacheWarmer";

    /// <summary>Debezium's <c>topic.prefix</c>; <c>betting</c> by default.</summary>
    [Required]
    [RegularExpression(Contracts.ChangeTopics.PrefixPattern, ErrorMessage = Contracts.ChangeTopics.PrefixForm)]
    public string TopicPrefix { get; set; } = Contracts.ChangeTopics.DefaultPrefix;

    /// <summary>Generation of the PostgreSQL cluster for records without the header <c>epoch</c>; 1 by default.</summary>
    [Range(0, Debezium.ChangeVersion.MaxEpoch)]
    public int Epoch { get; set; } = 1;

    /// <summary>At most this many records make a batch; 1000 by default.</summary>
    [Range(1, 100_000)]
    public int BatchSize { get; set; } = 1000;

    /// <summary>A batch waits at most this long for more records; 20 ms by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:00:05")]
    public TimeSpan BatchWait { get; set; } = TimeSpan.FromMilliseconds(20);

    /// <summary>
    /// Over how many Redis Cluster slots the counters' memory is spread; 16 by default. A change of it rebuilds the counters.
    /// </summary>
    [Range(1, 1024)]
    public int Shards { get; set; } = 16;

    /// <summary>How often the counters are published, and the heartbeat that keeps them alive; 1 s by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:00:05")]
    public TimeSpan PublishEvery { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Counters of a stream that is further behind than this are not published: readers get a miss, never an old number. 30 s by default.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan MaxStaleness { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Changes within this time make one fill of a list; 250 ms by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:00:02")]
    public TimeSpan FillDebounce { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>At most this many events stand in the catalog; 1000 by default.</summary>
    [Range(1, 100_000)]
    public int CatalogLimit { get; set; } = 1000;

    /// <summary>
    /// Between the moment from which no change is counted on the old base and the snapshot of the new one; 1 s by default.
    /// A change can come through the stream shortly before PostgreSQL shows its transaction to others.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan SettleBeforeRebuild { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>After so many failures of Redis in a row the breaker opens; 5 by default.</summary>
    [Range(1, 1000)]
    public int BreakerFailures { get; set; } = 5;

    /// <summary>While the breaker is open, Redis is tried once in this time; 30 s by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:10:00")]
    public TimeSpan BreakerProbe { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often <c>daily_settlement</c> is refreshed; 1 h by default.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan SettlementEvery { get; set; } = TimeSpan.FromHours(1);
}
