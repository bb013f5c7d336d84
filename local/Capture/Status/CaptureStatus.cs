using System.Collections.Concurrent;

namespace Betting.Local.Capture;

/// <summary>What capture is about.</summary>
public enum Phase
{
    Connecting,
    Snapshot,
    Streaming,

    /// <summary>PostgreSQL or Kafka is away or refuses; it is tried again.</summary>
    Waiting,
}

/// <summary>What the status HTTP shows. Written by capture, read by any thread.</summary>
public sealed class CaptureStatus
{
    readonly ConcurrentDictionary<string, Counter> _sent = new();

    public Phase Phase { get; set; } = Phase.Connecting;

    /// <summary>Where the last change read stands.</summary>
    public ulong ReadLsn { get; set; }

    /// <summary>What has been delivered and confirmed to PostgreSQL; 0 until a snapshot is complete.</summary>
    public ulong ConfirmedLsn { get; set; }

    /// <summary>Commit time of the last transaction read, microseconds since 1970; 0 before the first.</summary>
    public long CommitMicros { get; set; }

    /// <summary>Time from the last read transaction's commit to its reading, milliseconds.</summary>
    public double LagMs { get; set; }

    /// <summary>Records handed over and not acknowledged.</summary>
    public int UnderWay { get; set; }

    public long Snapshots { get; set; }

    public long Restarts { get; set; }

    /// <summary>Why it waits, or the last error of Kafka's client.</summary>
    public string? LastError { get; set; }

    public IEnumerable<(string Topic, long Records)> SentByTopic =>
        _sent.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => (pair.Key, pair.Value.Count));

    public void Sent(string topic)
    {
        if (!_sent.TryGetValue(topic, out var counter))
            counter = _sent.GetOrAdd(topic, _ => new Counter());
        counter.Count++;
    }

    public void KafkaError(string error) => LastError = $"Kafka: {error}";

    sealed class Counter
    {
        public long Count;
    }
}
