namespace Betting.Contracts.Commands;

/// <summary>Every field that some command has, in the order in which the encoder writes them.</summary>
[Flags]
public enum CommandFields
{
    None = 0,
    Version = 1,
    Id = 2,
    Kind = 4,
    IssuedAt = 8,
    BetId = 16,
    UserId = 32,
    EventId = 64,
    Amount = 128,
    Payout = 256,
    Name = 512,
    Category = 1024,
    StartTime = 2048,
    Status = 4096,
}
