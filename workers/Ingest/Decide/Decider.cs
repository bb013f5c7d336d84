using Betting.Contracts;
using Betting.Contracts.Commands;

namespace Betting.Ingest.Decide;

/// <summary>
/// The rules: one command and the state before it → its outcome and the state after it. A command that is not accepted
/// leaves no trace in the state, so its neighbours are judged as if it had not been there.
/// </summary>
public sealed class Decider(State state, Ledger ledger, Limits limits, DateTime now)
{
    public Outcome Decide(BetCommand command)
    {
        // What is wrong whatever the state comes first: such a command is never parked.
        if (command.IssuedAt - now > limits.MaxIssuedAhead)
        {
            return Outcome.Rejected(Reasons.IssuedInFuture);
        }
        return command switch
        {
            RegisterUser register => Register(register),
            RenameUser rename => Rename(rename),
            Deposit deposit => Transfer(deposit, deposit.UserId, deposit.Amount, deposit.Amount),
            Withdraw withdraw => Transfer(withdraw, withdraw.UserId, withdraw.Amount, -withdraw.Amount),
            ScheduleEvent schedule => Schedule(schedule),
            ChangeEvent change => Change(change),
            PlaceBet place => Place(place),
            SettleBet settle => Close(settle, settle.BetId, settle.UserId, settle.Payout, BetStatus.Settled),
            CashOutBet cashOut => Close(cashOut, cashOut.BetId, cashOut.UserId, cashOut.Payout, BetStatus.CashedOut),
            CancelBet cancel => Close(cancel, cancel.BetId, cancel.UserId, null, BetStatus.Cancelled),
            _ => throw new ArgumentOutOfRangeException(nameof(command), command.GetType().Name, "a command of no known kind"),
        };
    }

    Outcome Register(RegisterUser command)
    {
        if (state.TakenUserIds.Contains(command.UserId) || state.Accounts.ContainsKey(command.UserId))
        {
            return Outcome.Rejected(Reasons.AlreadyExists);
        }
        state.Accounts.Add(
            command.UserId,
            new Account
            {
                UserId = command.UserId,
                Balance = Money.Zero,
                Name = command.Name,
                RegisteredAt = command.IssuedAt,
            }
        );
        return Outcome.Accepted;
    }

    Outcome Rename(RenameUser command)
    {
        if (!state.Accounts.TryGetValue(command.UserId, out var account))
        {
            return Outcome.WaitsForUser(command.UserId);
        }
        account.Name = command.Name;
        return Outcome.Accepted;
    }

    Outcome Transfer(BetCommand command, long userId, Money amount, Money change)
    {
        if (WrongAmount(amount) is { } wrong)
        {
            return wrong;
        }
        if (!state.Accounts.TryGetValue(userId, out var account))
        {
            return Outcome.WaitsForUser(userId);
        }
        if (account.Balance + change < Money.Zero)
        {
            return Outcome.Rejected(Reasons.InsufficientFunds);
        }
        if (IsOverLimit(account.Balance, change))
        {
            return Outcome.Rejected(Reasons.OverLimit);
        }
        ledger.Transfer(command, account, change);
        return Outcome.Accepted;
    }

    Outcome Schedule(ScheduleEvent command)
    {
        var added = state.Events.TryAdd(
            command.EventId,
            new BettingEvent
            {
                Id = command.EventId,
                Status = EventStatus.Scheduled,
                Name = command.Name,
                Category = command.Category,
                StartTime = command.StartTime,
                IsNew = true,
            }
        );
        return added ? Outcome.Accepted : Outcome.Rejected(Reasons.AlreadyExists);
    }

    Outcome Change(ChangeEvent command)
    {
        if (!state.Events.TryGetValue(command.EventId, out var known))
        {
            return Outcome.WaitsForEvent(command.EventId);
        }
        if (command.Status is not null && Stage(command.Status) < Stage(known.Status))
        {
            return Outcome.Rejected(Reasons.EventGoesBack);
        }
        known.Status = command.Status ?? known.Status;
        known.Name = command.Name ?? known.Name;
        known.Category = command.Category ?? known.Category;
        known.StartTime = command.StartTime ?? known.StartTime;
        known.Changed = true;
        return Outcome.Accepted;
    }

    Outcome Place(PlaceBet command)
    {
        if (WrongAmount(command.Amount) is { } wrong)
        {
            return wrong;
        }
        if (state.Bets.ContainsKey(command.BetId))
        {
            return Outcome.Rejected(Reasons.AlreadyExists);
        }
        if (!state.Accounts.TryGetValue(command.UserId, out var account))
        {
            return Outcome.WaitsForUser(command.UserId);
        }
        if (!state.Events.TryGetValue(command.EventId, out var onEvent))
        {
            return Outcome.WaitsForEvent(command.EventId);
        }
        if (onEvent.Status == EventStatus.Finished)
        {
            return Outcome.Rejected(Reasons.EventFinished);
        }
        if (account.Balance < command.Amount)
        {
            return Outcome.Rejected(Reasons.InsufficientFunds);
        }
        var bet = new Bet
        {
            Id = command.BetId,
            UserId = command.UserId,
            EventId = command.EventId,
            Amount = command.Amount,
            Status = BetStatus.Open,
            PlacedAt = command.IssuedAt,
        };
        state.Bets.Add(bet.Id, bet);
        ledger.Hold(command, account, bet);
        return Outcome.Accepted;
    }

    // A limit may be lowered while wallets are above it: what does not raise a balance is not refused for it.
    bool IsOverLimit(Money balance, Money change) => change > Money.Zero && balance + change > limits.MaxBalance;

    // A cancelled bet pays its stake back: no payout is given for it.
    Outcome Close(BetCommand command, long betId, long? userId, Money? payout, string status)
    {
        if (payout < Money.Zero)
        {
            return Outcome.Rejected(Reasons.InvalidAmount);
        }
        if (payout > limits.MaxPayout)
        {
            return Outcome.Rejected(Reasons.OverLimit);
        }
        if (!state.Bets.TryGetValue(betId, out var bet))
        {
            return Outcome.WaitsForBet(betId);
        }
        if (userId is not null && userId != bet.UserId)
        {
            return Outcome.Rejected(Reasons.WrongUser);
        }
        if (bet.Status != BetStatus.Open)
        {
            return Outcome.Rejected(Reasons.BetNotOpen);
        }
        if (!state.Accounts.TryGetValue(bet.UserId, out var account))
        {
            // Only a bet that another writer put there can have a user without a wallet.
            return Outcome.WaitsForUser(bet.UserId);
        }
        var paid = payout ?? bet.Amount;
        if (IsOverLimit(account.Balance, paid))
        {
            return Outcome.Rejected(Reasons.OverLimit);
        }
        bet.Status = status;
        bet.Payout = paid;
        bet.ClosedAt = command.IssuedAt;
        ledger.Release(command, account, bet, paid);
        return Outcome.Accepted;
    }

    Outcome? WrongAmount(Money amount) =>
        amount <= Money.Zero ? Outcome.Rejected(Reasons.InvalidAmount)
        : amount > limits.MaxAmount ? Outcome.Rejected(Reasons.OverLimit)
        : null;

    static int Stage(string status) =>
        status switch
        {
            EventStatus.Scheduled => 0,
            EventStatus.Live => 1,
            _ => 2,
        };
}
