namespace Betting.CdcSink.Join;

/// <summary>What bets are sorted by, beside their id; the time is as the source has it, in microseconds.</summary>
readonly record struct SortingKey(long PlacedAt, long UserId, long EventId);
