namespace Betting.Local.Cluster;

/// <summary>What <c>./run</c> was asked for.</summary>
public sealed record ClusterOptions
{
    /// <summary>Everything that is written stands below this folder.</summary>
    public required string Data { get; init; }

    /// <summary>How long traffic runs before the cluster drains, is proved and ends; null: until Ctrl-C.</summary>
    public TimeSpan? For { get; init; }

    /// <summary>Commands a second through both doors together; 0: as fast as it goes.</summary>
    public double Rate { get; init; } = 200;

    public int Users { get; init; } = 2_000;
    public int Events { get; init; } = 40;
    public int Seed { get; init; } = 1;

    /// <summary><c>kafka</c>, <c>rabbitmq</c> or <c>both</c>.</summary>
    public string Door { get; init; } = "both";

    /// <summary>Replicas by worker; one where nothing is said, none where 0 is.</summary>
    public IReadOnlyDictionary<string, int> Replicas { get; init; } = new Dictionary<string, int>();

    /// <summary>Ids of commands and bets, separated by commas, whose way the workers log (their setting <c>Logs:Follow</c>).</summary>
    public string Follow { get; init; } = "";

    /// <summary>Where the summary is written as JSON.</summary>
    public string? Json { get; init; }

    /// <summary>A Kafka that is there already (<c>KAFKA_BOOTSTRAP</c>), instead of the local broker.</summary>
    public string? KafkaBootstrap { get; init; }

    /// <summary>Kafka Connect with Debezium (<c>CONNECT_URL</c>), instead of the stand-in.</summary>
    public Uri? ConnectUrl { get; init; }

    public int ReplicasOf(string worker) => Replicas.GetValueOrDefault(worker, 1);
}
