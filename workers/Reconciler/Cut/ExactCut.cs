using System.Globalization;
using Betting.Debezium;

namespace Betting.Reconciler.Cut;

/// <summary>The moment at which both sides are compared: what one PostgreSQL snapshot sees, and the fence behind it in the log.</summary>
/// <param name="Snapshot">Which transactions belong to it.</param>
/// <param name="Fence">Content of the logical message that follows them all through the change stream.</param>
/// <param name="FenceLsn">Where the message stands in the write-ahead log, as <c>X/Y</c>.</param>
/// <param name="BehindLsn">
/// Where a message stands that was written after the fence's transaction had committed: a position of the connector at or behind it follows
/// the fence in the stream. One behind <paramref name="FenceLsn"/> need not: it can be at a row of a transaction that committed before.
/// </param>
/// <param name="TakenAt">PostgreSQL's clock at the snapshot, UTC.</param>
sealed record ExactCut(PostgresSnapshot Snapshot, string Fence, string FenceLsn, string BehindLsn, DateTime TakenAt)
{
    /// <summary><see cref="FenceLsn"/> as a number.</summary>
    public ulong FencePosition => Position(FenceLsn);

    /// <summary><see cref="BehindLsn"/> as a number.</summary>
    public ulong PositionBehind => Position(BehindLsn);

    static ulong Position(string lsn) =>
        lsn.Split('/') is [var high, var low]
            ? ulong.Parse(high, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) << 32
                | ulong.Parse(low, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)
            : throw new FormatException($"'{lsn}' is no position in PostgreSQL's log");
}
