using Betting.Debezium;

namespace Betting.CdcSink.Messages;

/// <summary>A record that cannot be used, with a <see cref="RejectReason"/> and, where one is to blame, its field.</summary>
public sealed record DeadLetter(StreamRecord Record, string Reason, string? Field)
{
    /// <summary>The reason where ClickHouse refused the record alone; <see cref="Field"/> is ClickHouse's error code.</summary>
    public const string RefusedByClickHouse = "refused-by-clickhouse";
}
