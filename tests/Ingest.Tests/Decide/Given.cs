using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Ingest.Decide;

namespace Betting.Tests.Ingest.Decide;

/// <summary>Commands and states in the fewest words.</summary>
static class Given
{
    public static readonly DateTime Now = new(2026, 11, 22, 12, 0, 0, DateTimeKind.Utc);

    public static readonly Limits Limits = new(new Money(1_000_00), new Money(10_000_00), new Money(20_000_00), TimeSpan.FromMinutes(5));

    public static readonly TimeSpan ParkFor = TimeSpan.FromMinutes(10);

    public const long User = 7,
        Event = 8,
        Bet = 9;

    /// <summary>A user with a balance, a scheduled event, and an open bet of 10.00 on it.</summary>
    public static State State(long cents = 100_00, string eventStatus = EventStatus.Scheduled, string betStatus = BetStatus.Open)
    {
        var state = new State();
        state.Accounts.Add(User, new Account { UserId = User, Balance = new Money(cents) });
        state.Events.Add(Event, new BettingEvent { Id = Event, Status = eventStatus });
        state.Bets.Add(
            Bet,
            new Bet
            {
                Id = Bet,
                UserId = User,
                EventId = Event,
                Amount = new Money(10_00),
                Status = betStatus,
            }
        );
        return state;
    }

    public static Guid Id() => Guid.CreateVersion7();

    public static RegisterUser Register(long user = User) => new(Id(), Now, user, "Ada");

    public static Deposit Deposit(long cents, long user = User) => new(Id(), Now, user, new Money(cents));

    public static Withdraw Withdraw(long cents, long user = User) => new(Id(), Now, user, new Money(cents));

    public static ScheduleEvent Schedule(long id = Event) => new(Id(), Now, id, "City – United", "football", Now.AddDays(1));

    public static ChangeEvent Status(string status, long id = Event) => new(Id(), Now, id, null, null, null, status);

    public static PlaceBet Place(long bet, long cents, long user = User, long onEvent = Event) =>
        new(Id(), Now, bet, user, onEvent, new Money(cents));

    public static SettleBet Settle(long bet, long cents, long? user = null) => new(Id(), Now, bet, new Money(cents), user);

    public static CashOutBet CashOut(long bet, long cents, long? user = null) => new(Id(), Now, bet, new Money(cents), user);

    public static CancelBet Cancel(long bet, long? user = null) => new(Id(), Now, bet, user);

    public static BatchDecision Decide(State state, params BetCommand[] commands) => Decide(state, [], Now, commands);

    public static BatchDecision Decide(State state, IReadOnlyList<ParkedCommand> parked, DateTime now, params BetCommand[] commands) =>
        new BatchDecision(state, parked, Limits, ParkFor, now).Run(commands);

    public static ParkedCommand Parked(BetCommand command, WaitFor wait, long id) =>
        new(command, new WaitKey(wait, id), Now, Now + ParkFor);
}
