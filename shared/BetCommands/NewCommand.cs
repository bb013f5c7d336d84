using Betting.Contracts.Commands;

namespace Betting.BetCommands;

/// <summary>New commands, each with an id of its own and the moment of now. Ids of users, events and bets are the publisher's.</summary>
/// <param name="clock">Tells the moment.</param>
public sealed class NewCommand(TimeProvider clock)
{
    public RegisterUser RegisterUser(long userId, string name) => new(Id(), Now(), userId, name);

    public RenameUser RenameUser(long userId, string name) => new(Id(), Now(), userId, name);

    /// <param name="userId">Whose wallet.</param>
    /// <param name="amount">At most two decimals.</param>
    public Deposit Deposit(long userId, decimal amount) => new(Id(), Now(), userId, Money.FromDecimal(amount));

    public Withdraw Withdraw(long userId, decimal amount) => new(Id(), Now(), userId, Money.FromDecimal(amount));

    public ScheduleEvent ScheduleEvent(long eventId, string name, string category, DateTimeOffset startTime) =>
        new(Id(), Now(), eventId, name, category, CommandTime.Truncate(startTime.UtcDateTime));

    /// <summary>Changes what is given and leaves the rest.</summary>
    public ChangeEvent ChangeEvent(
        long eventId,
        string? name = null,
        string? category = null,
        DateTimeOffset? startTime = null,
        string? status = null
    ) => new(Id(), Now(), eventId, name, category, startTime is { } start ? CommandTime.Truncate(start.UtcDateTime) : null, status);

    public PlaceBet PlaceBet(long betId, long userId, long eventId, decimal amount) =>
        new(Id(), Now(), betId, userId, eventId, Money.FromDecimal(amount));

    /// <param name="betId">The bet.</param>
    /// <param name="payout">0 is a lost bet.</param>
    /// <param name="userId">The bet's user. Give it over Kafka: it keeps this command in order with the user's others.</param>
    public SettleBet SettleBet(long betId, decimal payout, long? userId = null) =>
        new(Id(), Now(), betId, Money.FromDecimal(payout), userId);

    public CashOutBet CashOutBet(long betId, decimal payout, long? userId = null) =>
        new(Id(), Now(), betId, Money.FromDecimal(payout), userId);

    public CancelBet CancelBet(long betId, long? userId = null) => new(Id(), Now(), betId, userId);

    Guid Id() => Guid.CreateVersion7(clock.GetUtcNow());

    DateTime Now() => CommandTime.Truncate(clock.GetUtcNow().UtcDateTime);
}
