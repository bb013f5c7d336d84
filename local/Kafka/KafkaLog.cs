namespace Betting.Local.Kafka;

static partial class KafkaLog
{
    [LoggerMessage(
        EventId = 5100,
        Level = LogLevel.Information,
        Message = "A stand-in for Kafka, not Kafka: librdkafka's mock cluster on {Bootstrap}. Everything is in memory and ends with "
            + "this process; "
            + "each partition keeps the last {Bytes} bytes or {Batches} batches; no transactions across restarts, no access control, no "
            + "compaction."
    )]
    public static partial void Started(ILogger logger, string bootstrap, long bytes, long batches);
}
