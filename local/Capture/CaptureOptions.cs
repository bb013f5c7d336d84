namespace Betting.Local.Capture;

/// <summary>What is captured, from where to where.</summary>
public sealed record CaptureOptions
{
    /// <summary>Connection string of a role with REPLICATION that may read the tables.</summary>
    public required string Postgres { get; init; }

    /// <summary>Bootstrap servers, host:port, several separated by commas.</summary>
    public required string Kafka { get; init; }

    /// <summary>
    /// Topics are <c>prefix.schema.table</c>, <c>prefix.transaction</c>, <c>prefix.message</c>, <c>__debezium-heartbeat.prefix</c>.
    /// </summary>
    public required string Prefix { get; init; }

    public required string Publication { get; init; }

    public required string Slot { get; init; }

    /// <summary>Tables as <c>schema.table</c>, in the order in which a snapshot reads them.</summary>
    public required IReadOnlyList<string> Tables { get; init; }

    /// <summary>Generation of the PostgreSQL cluster; one more after it was rebuilt and its LSNs started again.</summary>
    public required int Epoch { get; init; }

    /// <summary>Time between two heartbeat records.</summary>
    public required TimeSpan Heartbeat { get; init; }

    /// <summary>
    /// Statement that runs in PostgreSQL with each heartbeat; empty for none. The connector's <c>heartbeat.action.query</c>.
    /// </summary>
    public string HeartbeatActionQuery { get; init; } = "";

    /// <summary>Folder that holds <c>checkpoint.json</c>.</summary>
    public required string Data { get; init; }

    /// <summary>Port of the status HTTP on loopback; 0 takes a free one.</summary>
    public required int AdminPort { get; init; }

    /// <summary>The one line that says what is wrong, or null.</summary>
    public string? Fault() =>
        this switch
        {
            { Tables.Count: 0 } => "--tables names no table",
            _ when Tables.FirstOrDefault(table => table.Split('.').Length != 2) is { } table => $"--tables: '{table}' is not schema.table",
            { Epoch: < 1 } => $"--epoch {Epoch}: epochs are counted from 1",
            _ when Heartbeat < TimeSpan.FromMilliseconds(10) => "--heartbeat-ms: at least 10",
            { AdminPort: < 0 or > 65535 } => $"--admin-port {AdminPort} is no port",
            _ => null,
        };
}
