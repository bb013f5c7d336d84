using Betting.Debezium;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Betting.CacheWarmer;

/// <summary>What the CacheWarmer says; event ids 200–299. Alerts depend on them.</summary>
static partial class CacheWarmerLog
{
    [LoggerMessage(200, LogLevel.Warning, "Counters are built anew from PostgreSQL: {Reason}. Until then readers get a miss")]
    public static partial void RebuildStarted(ILogger log, string reason);

    [LoggerMessage(
        201,
        LogLevel.Information,
        "Counters stand on a new base: {Bets} bets counted in {Seconds:F1} s, kept in {Buckets} hashes"
    )]
    public static partial void RebuildDone(ILogger log, long bets, double seconds, int buckets);

    [LoggerMessage(202, LogLevel.Warning, "Redis lost the base under construction; building again")]
    public static partial void RebuildVoid(ILogger log);

    [LoggerMessage(210, LogLevel.Debug, "Redis failed several times in a row: the stream pauses, nothing is lost")]
    public static partial void BreakerOpened(ILogger log);

    [LoggerMessage(211, LogLevel.Debug, "Redis is back: the stream goes on")]
    public static partial void BreakerClosed(ILogger log);

    [LoggerMessage(
        220,
        LogLevel.Warning,
        "A record of {Topic} at {Partition}/{Offset} cannot be decoded ({Reason} {Field}); counters are built anew"
    )]
    public static partial void Undecodable(ILogger log, string topic, int partition, long offset, string? reason, string? field);

    [LoggerMessage(221, LogLevel.Warning, "No valid offset for {Partition}: read from the beginning, counters are built anew")]
    public static partial void OffsetLost(ILogger log, TopicPartition partition);

    [LoggerMessage(222, LogLevel.Warning, "Kafka: {Code}, {Reason}")]
    public static partial void Kafka(ILogger log, ErrorCode code, string reason);

    [LoggerMessage(223, LogLevel.Information, "Partitions assigned: {Partitions}")]
    public static partial void Assigned(ILogger log, string partitions);

    [LoggerMessage(EventId = 224, Message = "Kafka client: {Facility}, {Message}")]
    public static partial void KafkaClient(ILogger log, LogLevel level, string facility, string message);

    [LoggerMessage(230, LogLevel.Debug, "{Key} filled with {Items} items")]
    public static partial void Filled(ILogger log, string key, int items);

    [LoggerMessage(231, LogLevel.Information, "daily_settlement refreshed in {Seconds:F1} s")]
    public static partial void SettlementRefreshed(ILogger log, double seconds);

    [LoggerMessage(232, LogLevel.Warning, "daily_settlement could not be refreshed ({Reason}); the next attempt is on schedule")]
    public static partial void SettlementFailed(ILogger log, string reason);

    [LoggerMessage(
        260,
        LogLevel.Information,
        "Followed bet {Bet}: {Operation} of version {Version} read from {Topic} {Partition}@{Offset}, {Meaning}"
    )]
    public static partial void FollowedBet(
        ILogger log,
        long bet,
        Operation operation,
        ulong version,
        string topic,
        int partition,
        long offset,
        string meaning
    );
}
