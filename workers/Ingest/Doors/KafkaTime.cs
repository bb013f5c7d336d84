using Confluent.Kafka;

namespace Betting.Ingest.Doors;

/// <summary>Record timestamps as times. A publisher chooses the number: microseconds, a negative one and none at all occur.</summary>
static class KafkaTime
{
    static readonly long First = new DateTimeOffset(DateTime.MinValue, TimeSpan.Zero).ToUnixTimeMilliseconds(),
        Last = new DateTimeOffset(DateTime.MaxValue, TimeSpan.Zero).ToUnixTimeMilliseconds();

    /// <returns>UTC; a number beyond the years 1 to 9999 as their first or last moment.</returns>
    public static DateTime WrittenAt(Timestamp timestamp) =>
        DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(timestamp.UnixTimestampMs, First, Last)).UtcDateTime;
}
