namespace Betting.Contracts.Commands;

/// <summary>What a command asks for; <see cref="CommandContract"/> has each kind's text and fields.</summary>
public enum CommandKind
{
    RegisterUser,
    RenameUser,
    Deposit,
    Withdraw,
    ScheduleEvent,
    ChangeEvent,
    PlaceBet,
    SettleBet,
    CashOutBet,
    CancelBet,
}
