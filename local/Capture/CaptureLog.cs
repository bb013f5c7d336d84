using Microsoft.Extensions.Logging;

namespace Betting.Local.Capture;

static partial class CaptureLog
{
    [LoggerMessage(
        EventId = 5200,
        Level = LogLevel.Information,
        Message = "A stand-in for the Debezium PostgreSQL connector, not Debezium: captures {Tables} through publication "
            + "{Publication} and slot {Slot} into topics {Prefix}.*, epoch {Epoch}"
    )]
    public static partial void Started(ILogger logger, string tables, string publication, string slot, string prefix, int epoch);

    [LoggerMessage(EventId = 5201, Level = LogLevel.Information, Message = "Snapshot begins: {Reason}")]
    public static partial void SnapshotBegins(ILogger logger, string reason);

    [LoggerMessage(
        EventId = 5202,
        Level = LogLevel.Warning,
        Message = "A new snapshot in epoch {Epoch} after changes were captured before: {Reason}. Deletes in between have left no "
            + "trace, and reads do not outrank changes of the same epoch: reconcile, or advance the epoch"
    )]
    public static partial void SnapshotRepeats(ILogger logger, int epoch, string reason);

    [LoggerMessage(
        EventId = 5203,
        Level = LogLevel.Information,
        Message = "Snapshot complete: {Rows} rows as of LSN {Lsn} in {Seconds:F1} s"
    )]
    public static partial void SnapshotComplete(ILogger logger, long rows, ulong lsn, double seconds);

    [LoggerMessage(EventId = 5204, Level = LogLevel.Information, Message = "Streaming from LSN {Lsn}")]
    public static partial void Streaming(ILogger logger, ulong lsn);

    [LoggerMessage(EventId = 5205, Level = LogLevel.Warning, Message = "Capture stopped and tries again in {Milliseconds} ms: {Reason}")]
    public static partial void Retrying(ILogger logger, double milliseconds, string reason);

    [LoggerMessage(EventId = 5206, Level = LogLevel.Information, Message = "Stopped at LSN {Lsn}")]
    public static partial void Stopped(ILogger logger, ulong lsn);

    [LoggerMessage(EventId = 5207, Level = LogLevel.Debug, Message = "Kafka client: {Message}")]
    public static partial void KafkaClient(ILogger logger, string message);

    [LoggerMessage(EventId = 5208, Level = LogLevel.Information, Message = "Table {Table} has columns {Columns}")]
    public static partial void TableSeen(ILogger logger, string table, string columns);
}
