using System.Globalization;

namespace Betting.Local.Kafka;

/// <summary>What the local broker process was asked for.</summary>
public sealed record BrokerOptions
{
    /// <summary>Port of broker 1; broker n listens on <c>Port + n - 1</c>. 0 takes free ports.</summary>
    public int Port { get; init; }

    /// <summary>Port of the admin HTTP; 0 takes a free one.</summary>
    public int AdminPort { get; init; }

    /// <summary>Brokers in the cluster, 1 to 10.</summary>
    public int Brokers { get; init; } = 1;

    public IReadOnlyList<TopicSpec> Topics { get; init; } = [];

    public Retention Retention { get; init; } = Retention.Default;

    /// <summary>How long a group without members waits for more of them before the first assignment.</summary>
    public TimeSpan RebalanceDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The one line that says what is wrong, or null.</summary>
    public string? Fault() =>
        this switch
        {
            { Port: < 0 or > 65535 } => $"--port {Port} is no port",
            { AdminPort: < 0 or > 65535 } => $"--admin-port {AdminPort} is no port",
            { Brokers: < 1 or > 10 } => $"--brokers {Brokers}: 1 to 10 are possible",
            { Retention.Bytes: < 1024 } => $"--retention-bytes {Retention.Bytes}: at least 1024",
            { Retention.Batches: < 1 } => $"--retention-batches {Retention.Batches}: at least 1",
            _ => null,
        };
}

/// <summary>A topic and how many partitions it has.</summary>
public sealed record TopicSpec(string Name, int Partitions)
{
    /// <summary>Reads <c>name:partitions,name:partitions</c>; a name alone has one partition.</summary>
    /// <exception cref="FormatException">A partition count that is no number from 1 on.</exception>
    public static IReadOnlyList<TopicSpec> ParseList(string text) =>
        [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Parse)];

    static TopicSpec Parse(string text)
    {
        int colon = text.LastIndexOf(':');
        if (colon < 0)
            return new TopicSpec(text, 1);
        if (!int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int partitions) || partitions < 1)
            throw new FormatException($"--topics: '{text}' is not name:partitions");
        return new TopicSpec(text[..colon], partitions);
    }
}
