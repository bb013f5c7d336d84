namespace Betting.Tests.CdcSink.Queries;

sealed record GeneratedUser(long Id, string Name, string CreatedAt);

sealed record GeneratedEvent(long Id, string Name, string Category, string StartTime, string Status);

sealed record GeneratedBet(
    long Id,
    long UserId,
    long EventId,
    string Status,
    string Amount,
    string? Payout,
    string PlacedAt,
    string? SettledAt
);
