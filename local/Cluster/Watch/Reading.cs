namespace Betting.Local.Cluster.Watch;

/// <summary>What the cluster looked like at one moment; lags and freshness in seconds.</summary>
public sealed record Reading
{
    /// <summary>Messages that the brokers confirmed, and how many a second since the reading before.</summary>
    public required long Published { get; init; }
    public required double PublishedPerSecond { get; init; }

    /// <summary>Commands with their outcome a second, since the reading before.</summary>
    public required double AppliedPerSecond { get; init; }

    /// <summary>By outcome: since the workers started; at the end of a run what the journal has, of earlier runs as well.</summary>
    public required IReadOnlyDictionary<string, double> Outcomes { get; init; }

    /// <summary>From the publisher's clock to the commit in PostgreSQL.</summary>
    public required double IngestP95 { get; init; }

    /// <summary>From the commit to the effect in Redis.</summary>
    public required double RedisP95 { get; init; }

    /// <summary>From the commit until the row can be queried in ClickHouse.</summary>
    public required double FreshnessP50 { get; init; }
    public required double FreshnessP95 { get; init; }

    /// <summary>Redis' public keys that stand at this moment, with a number where they hold one.</summary>
    public required IReadOnlyDictionary<string, string> Cache { get; init; }

    /// <summary>The last reconciliation in words.</summary>
    public required string Reconciliation { get; init; }

    public string CacheText() => string.Join("  ", Cache.Select(pair => $"{pair.Key} {pair.Value}"));

    public string OutcomesText() =>
        Outcomes.Count == 0
            ? "none yet"
            : string.Join(", ", Outcomes.OrderByDescending(pair => pair.Value).Select(pair => $"{pair.Key} {pair.Value:N0}"));
}
