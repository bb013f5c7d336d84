using Confluent.Kafka;

namespace Betting.Brokers;

/// <summary>Kafka's timestamps come from whoever wrote the record and may be any 64-bit number, for example microseconds.</summary>
public static class KafkaTime
{
    static readonly long Least = DateTimeOffset.MinValue.ToUnixTimeMilliseconds(),
        Most = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    /// <summary>The moment of a timestamp, or the nearest that .NET can hold. Never throws.</summary>
    public static DateTimeOffset At(Timestamp timestamp) =>
        DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(timestamp.UnixTimestampMs, Least, Most));
}
