namespace Betting.CdcSink.Lag;

/// <summary>What ClickHouse says is visible.</summary>
/// <param name="Partitions">How far each partition is, by topic and partition.</param>
/// <param name="DataAsOf">The view <c>data_as_of</c>; null before anything came from a stream.</param>
public sealed record VisibleProgress(IReadOnlyDictionary<(string Topic, int Partition), VisiblePartition> Partitions, DateTimeOffset? DataAsOf);

/// <summary>One partition's row of <c>sink_progress</c>.</summary>
/// <param name="NextOffset">Every record below it has had its effect.</param>
/// <param name="EndOffset">The partition's end as whoever recorded it knew it.</param>
/// <param name="Epoch">The epoch of its highest version; 0 where it has none.</param>
public readonly record struct VisiblePartition(long NextOffset, long EndOffset, int Epoch);

/// <summary>Active parts of one table.</summary>
/// <param name="Table">Its name.</param>
/// <param name="Parts">All of them.</param>
/// <param name="Fullest">How many the partition has that has most: what ClickHouse's own limits are about.</param>
public readonly record struct TableParts(string Table, long Parts, long Fullest);
