namespace Betting.Contracts.Commands;

/// <summary>A command's fields by name, whatever its kind: what encoder and hash walk over.</summary>
/// <remarks>What a kind does not have, and what may be left out and is, is null.</remarks>
public readonly record struct CommandContent(
    long? BetId,
    long? UserId,
    long? EventId,
    Money? Amount,
    Money? Payout,
    string? Name,
    string? Category,
    DateTime? StartTime,
    string? Status
)
{
    public static CommandContent Of(BetCommand command) =>
        command switch
        {
            RegisterUser c => new() { UserId = c.UserId, Name = c.Name },
            RenameUser c => new() { UserId = c.UserId, Name = c.Name },
            Deposit c => new() { UserId = c.UserId, Amount = c.Amount },
            Withdraw c => new() { UserId = c.UserId, Amount = c.Amount },
            ScheduleEvent c => new()
            {
                EventId = c.EventId,
                Name = c.Name,
                Category = c.Category,
                StartTime = c.StartTime,
            },
            ChangeEvent c => new()
            {
                EventId = c.EventId,
                Name = c.Name,
                Category = c.Category,
                StartTime = c.StartTime,
                Status = c.Status,
            },
            PlaceBet c => new()
            {
                BetId = c.BetId,
                UserId = c.UserId,
                EventId = c.EventId,
                Amount = c.Amount,
            },
            SettleBet c => new()
            {
                BetId = c.BetId,
                UserId = c.UserId,
                Payout = c.Payout,
            },
            CashOutBet c => new()
            {
                BetId = c.BetId,
                UserId = c.UserId,
                Payout = c.Payout,
            },
            CancelBet c => new() { BetId = c.BetId, UserId = c.UserId },
            _ => throw new ArgumentOutOfRangeException(nameof(command), command.GetType().Name, "a command of no known kind"),
        };

    /// <summary>The Kafka key: user id where known, else bet id, else event id. One user's commands stay in order.</summary>
    public long Key => (UserId ?? BetId ?? EventId)!.Value;
}
