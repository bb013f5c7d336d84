using Microsoft.Extensions.Logging;

namespace Betting.Ingest;

/// <summary>What Ingest says; event ids 100–199.</summary>
static partial class IngestLog
{
    [LoggerMessage(100, LogLevel.Warning, "PostgreSQL takes no batch from the {Door} door (SQLSTATE {SqlState}) for {Seconds:F0} s; commands stay with the broker")]
    public static partial void PostgresAway(ILogger log, string door, string sqlState, double seconds, Exception failure);

    [LoggerMessage(101, LogLevel.Information, "PostgreSQL takes batches from the {Door} door again, after {Seconds:F1} s")]
    public static partial void PostgresBack(ILogger log, string door, double seconds);

    [LoggerMessage(102, LogLevel.Error, "The data of a batch of {Commands} from the {Door} door was refused (SQLSTATE {SqlState}); it is split until the culprit is alone")]
    public static partial void BatchSplit(ILogger log, string door, int commands, string sqlState, Exception failure);

    [LoggerMessage(103, LogLevel.Warning, "Dead letter from the {Door} door, {Coordinates}: {Reason}")]
    public static partial void DeadLetter(ILogger log, string door, string coordinates, string reason);

    [LoggerMessage(104, LogLevel.Warning, "The {Door} broker took no dead letters; {Letters} are tried again and nothing is acknowledged")]
    public static partial void DeadLettersNotTaken(ILogger log, string door, int letters, Exception failure);

    [LoggerMessage(110, LogLevel.Information, "Kafka gave this replica the partitions {Partitions}")]
    public static partial void PartitionsAssigned(ILogger log, string partitions);

    [LoggerMessage(111, LogLevel.Information, "Kafka took the partitions {Partitions} away; what was applied is committed")]
    public static partial void PartitionsRevoked(ILogger log, string partitions);

    [LoggerMessage(112, LogLevel.Warning, "Kafka: {Code} {Reason}")]
    public static partial void KafkaTrouble(ILogger log, string code, string reason);

    [LoggerMessage(113, LogLevel.Error, "{Topic}/{Partition}: offset {Wanted} is gone, there are {First} to {End}; this partition is not read on until an operator decides (Ingest:LostOffset)")]
    public static partial void OffsetLostStopped(ILogger log, string topic, int partition, long wanted, long first, long end);

    [LoggerMessage(114, LogLevel.Error, "{Topic}/{Partition}: offset {Wanted} is gone, there are {First} to {End}; read from {First}, {Lost} records are lost")]
    public static partial void OffsetLostReadAgain(ILogger log, string topic, int partition, long wanted, long first, long end, long lost);

    [LoggerMessage(115, LogLevel.Warning, "The broker of the {Door} door does not answer ({Detail}) for {Seconds:F0} s")]
    public static partial void BrokerAway(ILogger log, string door, string detail, double seconds);

    [LoggerMessage(116, LogLevel.Information, "The broker of the {Door} door answers again, after {Seconds:F1} s")]
    public static partial void BrokerBack(ILogger log, string door, double seconds);

    [LoggerMessage(117, LogLevel.Warning, "An answer could not be sent; the outcomes stand, and who asks again is answered again")]
    public static partial void ReplyNotSent(ILogger log, Exception failure);

    [LoggerMessage(118, LogLevel.Debug, "A channel to RabbitMQ is lost; what was not acknowledged comes again through the next")]
    public static partial void ChannelLost(ILogger log, Exception failure);

    [LoggerMessage(120, LogLevel.Information, "{Released} parked commands have their outcome now")]
    public static partial void ParkedReleased(ILogger log, int released);

    [LoggerMessage(121, LogLevel.Error, "Parked commands could not be looked through (SQLSTATE {SqlState}); tried again")]
    public static partial void ParkedNotRead(ILogger log, string sqlState, Exception failure);
}
