using Betting.Contracts;
using Betting.Contracts.Commands;

namespace Betting.Tests.Shared.Contracts;

/// <summary>One command of every kind, with values at the edges of what the contract allows.</summary>
static class Samples
{
    static readonly DateTime Issued = new DateTime(2026, 11, 22, 12, 0, 0, DateTimeKind.Utc).AddTicks(1234560);

    public static readonly IReadOnlyList<BetCommand> All =
    [
        new RegisterUser(Id(1), Issued, 5678, "Björn \"Q\" Ångström 🏁\n"),
        new RenameUser(Id(2), Issued, long.MaxValue, "O'Neill = \\ +"),
        new Deposit(Id(3), Issued, 5678, new Money(1_00)),
        new Withdraw(Id(4), Issued, 5678, CommandContract.MaxAmount),
        new ScheduleEvent(Id(5), Issued, 91011, "City – United", "football", new DateTime(2026, 12, 1, 18, 30, 0, DateTimeKind.Utc)),
        new ChangeEvent(Id(6), Issued, 91011, null, null, null, EventStatus.Finished),
        new PlaceBet(Id(7), Issued, 1234567, 5678, 91011, new Money(100_00)),
        new SettleBet(Id(8), Issued, 1234567, CommandContract.MaxPayout),
        new CashOutBet(Id(9), Issued, 1234567, Money.Zero),
        new CancelBet(Id(10), Issued, 1234567),
    ];

    /// <summary>With the user, which may be left out.</summary>
    public static readonly IReadOnlyList<BetCommand> WithUser =
    [
        new SettleBet(Id(8), Issued, 1234567, CommandContract.MaxPayout, 5678),
        new CashOutBet(Id(9), Issued, 1234567, Money.Zero, 5678),
        new CancelBet(Id(10), Issued, 1234567, 5678),
    ];

    static Guid Id(int number) => new(0x0193e0c4, 0x6d1c, 0x7cc0, 0x98, 0xc2, 0x94, 0xbd, 0x1e, 0x9d, 0xd9, (byte)number);
}
