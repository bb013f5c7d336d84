using Betting.CdcSink.Messages;
using Betting.Debezium;

namespace Betting.CdcSink.Lag;

/// <summary>What ClickHouse says is visible.</summary>
/// <param name="Partitions">How far each partition is, by topic and partition.</param>
/// <param name="UpTo">What the newest visible watermark proves; null before the first was visible.</param>
/// <param name="Version">The position of that watermark.</param>
/// <param name="Holds">The requests for a reconciliation that hold <c>data_as_of</c>.</param>
public sealed record VisibleProgress(
    IReadOnlyDictionary<(string Topic, int Partition), VisiblePartition> Partitions,
    DateTimeOffset? UpTo,
    ChangeVersion Version = default,
    OpenHolds Holds = default
)
{
    /// <summary>As the view <c>data_as_of</c> says it; null where nothing is proven.</summary>
    public DateTimeOffset? DataAsOf =>
        UpTo is null || Holds.Count == 0 || UpTo <= Holds.From ? UpTo
        : Holds.From > DateTimeOffset.UnixEpoch ? Holds.From
        : null;
}

/// <summary>Requests for a reconciliation that hold <c>data_as_of</c>, until a run has found everything equal.</summary>
/// <param name="Count">Their number; the rest tells of the one that holds most.</param>
/// <param name="From">What was committed before it is proven; 1970 where nothing is.</param>
/// <param name="Id">Its id.</param>
/// <param name="Reason">Why it was asked.</param>
public readonly record struct OpenHolds(long Count, DateTimeOffset From, string Id, string Reason);

/// <summary>One partition's row of <c>sink_progress</c>.</summary>
/// <param name="NextOffset">Every record below it has had its effect.</param>
/// <param name="Epoch">The epoch of its highest version; 0 where it has none.</param>
public readonly record struct VisiblePartition(long NextOffset, int Epoch);

/// <summary>The watermarks that came through.</summary>
/// <param name="Newest">The newest up to the position asked for; null where there is none.</param>
/// <param name="Since">How long ago the last one came, whatever its position; null where none came within a day.</param>
/// <param name="Epoch">The newest epoch that has one; null where none came.</param>
public readonly record struct CameThrough(Watermark? Newest, TimeSpan? Since, int? Epoch);

/// <summary>Active parts of one table.</summary>
/// <param name="Table">Its name.</param>
/// <param name="Parts">All of them.</param>
/// <param name="Fullest">How many the partition has that has most: what ClickHouse's own limits are about.</param>
public readonly record struct TableParts(string Table, long Parts, long Fullest);
