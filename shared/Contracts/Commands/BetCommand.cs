namespace Betting.Contracts.Commands;

/// <summary>
/// One command of an upstream system. Ids are 64-bit, positive and chosen by the publisher, so that a bet can be settled
/// without waiting for the answer to its placing.
/// </summary>
/// <param name="Id">The idempotency key: the same id always has the same one effect.</param>
/// <param name="IssuedAt">When it was issued; kept as UTC in whole microseconds. A local time is converted.</param>
/// <exception cref="ArgumentException">A moment has no zone: its <see cref="DateTime.Kind"/> is Unspecified.</exception>
public abstract record BetCommand(Guid Id, DateTime IssuedAt)
{
    public abstract CommandKind Kind { get; }

    public DateTime IssuedAt
    {
        get;
        init => field = CommandTime.ToUtc(value, nameof(IssuedAt));
    } = CommandTime.ToUtc(IssuedAt, nameof(IssuedAt));
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

/// <param name="StartTime">Kept as <see cref="BetCommand.IssuedAt"/> is.</param>
public sealed record ScheduleEvent(Guid Id, DateTime IssuedAt, long EventId, string Name, string Category, DateTime StartTime)
    : BetCommand(Id, IssuedAt)
{
    public override CommandKind Kind => CommandKind.ScheduleEvent;

    public DateTime StartTime
    {
        get;
        init => field = CommandTime.ToUtc(value, nameof(StartTime));
    } = CommandTime.ToUtc(StartTime, nameof(StartTime));
}

/// <summary>Changes what is given and leaves the rest as it is.</summary>
/// <param name="StartTime">Kept as <see cref="BetCommand.IssuedAt"/> is.</param>
/// <param name="Status">One of <see cref="EventStatus"/>.</param>
public sealed record ChangeEvent(
    Guid Id,
    DateTime IssuedAt,
    long EventId,
    string? Name,
    string? Category,
    DateTime? StartTime,
    string? Status
) : BetCommand(Id, IssuedAt)
{
    public override CommandKind Kind => CommandKind.ChangeEvent;

    public DateTime? StartTime
    {
        get;
        init => field = CommandTime.ToUtc(value, nameof(StartTime));
    } = CommandTime.ToUtc(StartTime, nameof(StartTime));
}

public sealed record PlaceBet(Guid Id, DateTime IssuedAt, long BetId, long UserId, long EventId, Money Amount) : BetCommand(Id, IssuedAt)
{
    public override CommandKind Kind => CommandKind.PlaceBet;
}

/// <summary>The bet is decided; a payout of 0 is a lost bet.</summary>
/// <param name="UserId">The bet's user, where the publisher gives it: checked against the bet, and the key on Kafka.</param>
public sealed record SettleBet(Guid Id, DateTime IssuedAt, long BetId, Money Payout, long? UserId = null) : BetCommand(Id, IssuedAt)
{
    public override CommandKind Kind => CommandKind.SettleBet;
}

/// <summary>The user takes an offer before the bet is decided.</summary>
/// <param name="UserId">The bet's user, where the publisher gives it: checked against the bet, and the key on Kafka.</param>
public sealed record CashOutBet(Guid Id, DateTime IssuedAt, long BetId, Money Payout, long? UserId = null) : BetCommand(Id, IssuedAt)
{
    public override CommandKind Kind => CommandKind.CashOutBet;
}

/// <summary>The bet is void; its stake goes back.</summary>
/// <param name="UserId">The bet's user, where the publisher gives it: checked against the bet, and the key on Kafka.</param>
public sealed record CancelBet(Guid Id, DateTime IssuedAt, long BetId, long? UserId = null) : BetCommand(Id, IssuedAt)
{
    public override CommandKind Kind => CommandKind.CancelBet;
}
