using Betting.Debezium;

namespace Betting.CdcSink.Join;

/// <summary>
/// What bets are sorted by, beside their id. The time is the one that the row is stored under: two times that the table can only show
/// as the same are one key, because a delete marker for one of them would delete the row of the other.
/// </summary>
/// <param name="PlacedAt">Microseconds since 1970 UTC, as the table can show it.</param>
/// <param name="UserId">As the source has it.</param>
/// <param name="EventId">As the source has it.</param>
readonly record struct SortingKey(long PlacedAt, long UserId, long EventId)
{
    /// <param name="placedAt">Microseconds since 1970 UTC, as the source has it.</param>
    /// <param name="userId">As the source has it.</param>
    /// <param name="eventId">As the source has it.</param>
    public static SortingKey Of(long placedAt, long userId, long eventId) =>
        new(Math.Clamp(placedAt, PostgresTime.EarliestShown, PostgresTime.LatestShown), userId, eventId);
}
