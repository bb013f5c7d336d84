namespace Betting.Contracts.Commands;

/// <summary>
/// One command of an upstream system. Ids are 64-bit, positive and chosen by the publisher, so that a bet can be settled
/// without waiting for the answer to its placing.
/// </summary>
/// <param name="Id">The idempotency key: the same id always has the same one effect.</param>
/// <param name="IssuedAt">When it was issued; UTC, whole microseconds.</param>
public abstract record BetCommand(Guid Id, DateTime IssuedAt)
{
    public abstract CommandKind Kind { get; }
}

public sealed record RegisterUser(Guid Id, DateTime IssuedAt, long UserId, string Name) : BetCommand(Id, IssuedAt)
{
    public override CommandKind Kind => CommandKind.RegisterUser;
}

public sealed record RenameUser(Guid Id, DateTime IssuedAt, long UserId, string Name) : BetCommand(Id, IssuedAt)
{
    public override CommandKind Kind => CommandKind.RenameUser;
}

public sealed record Deposit(Guid Id, DateTime IssuedAt, long UserId, Money Amount) : BetCommand(Id, IssuedAt)
{
    public override CommandKind Kind => CommandKind.Deposit;
}

public sealed record Withdraw(Guid Id, DateTime IssuedAt, long UserId, Money Amount) : BetCommand(Id, IssuedAt)
{
    public override CommandKind Kind => CommandKind.Withdraw;
}

public sealed record ScheduleEvent(Guid Id, DateTime IssuedAt, long EventId, string Name, string Category, DateTime StartTime) : BetCommand(Id, IssuedAt)
{
    public override CommandKind Kind => CommandKind.ScheduleEvent;
}

/// <summary>Changes what is given and leaves the rest as it is.</summary>
/// <param name="Status">One of <see cref="EventStatus"/>.</param>
public sealed record ChangeEvent(Guid Id, DateTime IssuedAt, long EventId, string? Name, string? Category, DateTime? StartTime, string? Status) : BetCommand(Id, IssuedAt)
{
    public override CommandKind Kind => CommandKind.ChangeEvent;
}

public sealed record PlaceBet(Guid Id, DateTime IssuedAt, long BetId, long UserId, long EventId, Money Amount) : BetCommand(Id, IssuedAt)
{
    public override CommandKind Kind => CommandKind.PlaceBet;
}

/// <summary>The bet is decided; a payout of 0 is a lost bet.</summary>
public sealed record SettleBet(Guid Id, DateTime IssuedAt, long BetId, Money Payout) : BetCommand(Id, IssuedAt)
{
    public override CommandKind Kind => CommandKind.SettleBet;
}

/// <summary>The user takes an offer before the bet is decided.</summary>
public sealed record CashOutBet(Guid Id, DateTime IssuedAt, long BetId, Money Payout) : BetCommand(Id, IssuedAt)
{
    public override CommandKind Kind => CommandKind.CashOutBet;
}

/// <summary>The bet is void; its stake goes back.</summary>
public sealed record CancelBet(Guid Id, DateTime IssuedAt, long BetId) : BetCommand(Id, IssuedAt)
{
    public override CommandKind Kind => CommandKind.CancelBet;
}
