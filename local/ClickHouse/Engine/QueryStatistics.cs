namespace Betting.Local.ClickHouse.Engine;

/// <summary>What a query read, wrote and returned; the figures of the header <c>X-ClickHouse-Summary</c>.</summary>
readonly record struct QueryStatistics(
    ulong ReadRows,
    ulong ReadBytes,
    ulong WrittenRows,
    ulong WrittenBytes,
    ulong ResultRows,
    ulong ResultBytes
)
{
    /// <summary>A stream reports the difference since the chunk before, so that its chunks add up.</summary>
    public static QueryStatistics operator +(QueryStatistics left, QueryStatistics right) =>
        new(
            left.ReadRows + right.ReadRows,
            left.ReadBytes + right.ReadBytes,
            left.WrittenRows + right.WrittenRows,
            left.WrittenBytes + right.WrittenBytes,
            left.ResultRows + right.ResultRows,
            left.ResultBytes + right.ResultBytes
        );
}
