using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Ingest.Decide;

namespace Betting.Tests.Ingest.Decide;

/// <summary>Every kind with every outcome that it can have.</summary>
public sealed class DeciderTests
{
    const long Unknown = 404;

    public static TheoryData<string, BetCommand, string> Cases =>
        new()
        {
            { "a user registers", Given.Register(1), "accepted" },
            { "a user id is taken", Given.Register(), "rejected already-exists" },
            { "a user is renamed", new RenameUser(Given.Id(), Given.Now, Given.User, "Grace"), "accepted" },
            { "an unknown user is renamed", new RenameUser(Given.Id(), Given.Now, Unknown, "Grace"), "parked unknown-user" },
            { "a deposit", Given.Deposit(1), "accepted" },
            { "a deposit of nothing", Given.Deposit(0), "rejected invalid-amount" },
            { "a negative deposit", Given.Deposit(-1), "rejected invalid-amount" },
            { "a deposit over the limit", Given.Deposit(1_000_01), "rejected over-limit" },
            { "a deposit for an unknown user", Given.Deposit(1, Unknown), "parked unknown-user" },
            { "a withdrawal of all", Given.Withdraw(100_00), "accepted" },
            { "a withdrawal of more", Given.Withdraw(100_01), "rejected insufficient-funds" },
            { "an event is scheduled", Given.Schedule(1), "accepted" },
            { "an event id is taken", Given.Schedule(), "rejected already-exists" },
            { "an event goes live", Given.Status(EventStatus.Live), "accepted" },
            { "an event stays as it is", Given.Status(EventStatus.Scheduled), "accepted" },
            { "an unknown event changes", Given.Status(EventStatus.Live, Unknown), "parked unknown-event" },
            { "a bet", Given.Place(1, 100_00), "accepted" },
            { "a bet of nothing", Given.Place(1, 0), "rejected invalid-amount" },
            { "a bet over the limit", Given.Place(1, 1_000_01), "rejected over-limit" },
            { "a bet beyond the balance", Given.Place(1, 100_01), "rejected insufficient-funds" },
            { "a bet id is taken", Given.Place(Given.Bet, 1), "rejected already-exists" },
            { "a bet of an unknown user", Given.Place(1, 1, Unknown), "parked unknown-user" },
            { "a bet on an unknown event", Given.Place(1, 1, Given.User, Unknown), "parked unknown-event" },
            { "a bet is won", Given.Settle(Given.Bet, 25_00), "accepted" },
            { "a bet is lost", Given.Settle(Given.Bet, 0), "accepted" },
            { "a negative payout", Given.Settle(Given.Bet, -1), "rejected invalid-amount" },
            { "a payout over the limit", Given.Settle(Given.Bet, 10_000_01), "rejected over-limit" },
            { "an unknown bet is settled", Given.Settle(Unknown, 1), "parked unknown-bet" },
            { "a bet is cashed out for nothing", Given.CashOut(Given.Bet, 0), "accepted" },
            { "a bet is cancelled", Given.Cancel(Given.Bet), "accepted" },
            { "an unknown bet is cancelled", Given.Cancel(Unknown), "parked unknown-bet" },
            { "a command from the future", Given.Deposit(1) with { IssuedAt = Given.Now.AddMinutes(6) }, "rejected issued-in-future" },
            { "a command from a clock that is a little ahead", Given.Deposit(1) with { IssuedAt = Given.Now.AddMinutes(4) }, "accepted" },
        };

    [Theory, MemberData(nameof(Cases))]
    public void Each_command_has_its_outcome(string name, BetCommand command, string expected)
    {
        var outcome = Given.Decide(Given.State(), command).Outcomes[command.Id];

        Assert.True(expected == $"{OutcomeText.Of(outcome.Kind)} {outcome.Reason}".TrimEnd(), $"{name}: {outcome}");
    }

    [Theory]
    [InlineData(BetStatus.Settled)]
    [InlineData(BetStatus.CashedOut)]
    [InlineData(BetStatus.Cancelled)]
    public void A_bet_is_closed_once(string status)
    {
        BetCommand[] commands = [Given.Settle(Given.Bet, 1), Given.CashOut(Given.Bet, 1), Given.Cancel(Given.Bet)];

        var outcomes = Given.Decide(Given.State(betStatus: status), commands).Outcomes.Values;

        Assert.All(outcomes, outcome => Assert.Equal(Outcome.Rejected(Reasons.BetNotOpen), outcome));
    }

    [Fact]
    public void A_finished_event_takes_no_bet_and_never_goes_back()
    {
        BetCommand[] commands = [Given.Place(1, 1), Given.Status(EventStatus.Live), Given.Status(EventStatus.Finished)];

        var outcomes = Given.Decide(Given.State(eventStatus: EventStatus.Finished), commands).Outcomes.Values;

        Assert.Equal([Outcome.Rejected(Reasons.EventFinished), Outcome.Rejected(Reasons.EventGoesBack), Outcome.Accepted], outcomes);
    }

    [Fact]
    public void A_bet_on_a_finished_event_can_still_be_settled()
    {
        Assert.Equal(
            [Outcome.Accepted],
            Given.Decide(Given.State(eventStatus: EventStatus.Finished), Given.Settle(Given.Bet, 5)).Outcomes.Values
        );
    }

    [Fact]
    public void A_wallet_never_grows_over_its_limit()
    {
        var state = Given.State(cents: 19_995_00);
        BetCommand[] commands = [Given.Deposit(5_01), Given.Settle(Given.Bet, 5_01), Given.Cancel(Given.Bet), Given.Deposit(5_00)];

        var outcomes = Given.Decide(state, commands).Outcomes.Values;

        Assert.Equal(
            [
                Outcome.Rejected(Reasons.OverLimit),
                Outcome.Rejected(Reasons.OverLimit),
                Outcome.Rejected(Reasons.OverLimit),
                Outcome.Accepted,
            ],
            outcomes
        );
    }

    [Fact]
    public void A_limit_that_was_lowered_below_a_balance_refuses_only_what_raises_it()
    {
        var limits = Given.Limits with { MaxBalance = Money.FromDecimal(1) };
        BetCommand[] commands = [Given.Withdraw(1_00), Given.Settle(Given.Bet, 0), Given.Deposit(1)];

        var outcomes = new BatchDecision(Given.State(cents: 980_00), [], limits, Given.ParkFor, Given.Now).Run(commands).Outcomes.Values;

        Assert.Equal([Outcome.Accepted, Outcome.Accepted, Outcome.Rejected(Reasons.OverLimit)], outcomes);
    }

    [Fact]
    public void A_small_stake_after_a_refused_large_one_is_judged_on_its_own()
    {
        var state = Given.State(cents: 50_00);
        var outcomes = Given.Decide(state, Given.Place(1, 50_01), Given.Place(2, 50_00), Given.Place(3, 1)).Outcomes.Values;

        Assert.Equal(
            [Outcome.Rejected(Reasons.InsufficientFunds), Outcome.Accepted, Outcome.Rejected(Reasons.InsufficientFunds)],
            outcomes
        );
        Assert.Equal(Money.Zero, state.Accounts[Given.User].Balance);
    }

    [Theory]
    [InlineData("settle", 25_00, 115_00 + 10_00)]
    [InlineData("settle", 0, 100_00)]
    [InlineData("cash-out", 4_00, 104_00)]
    [InlineData("cancel", 0, 110_00)]
    public void Closing_a_bet_pays_into_the_wallet_and_its_entries_sum_to_zero(string how, long payout, long balance)
    {
        var state = Given.State();
        BetCommand close = how switch
        {
            "settle" => Given.Settle(Given.Bet, payout),
            "cash-out" => Given.CashOut(Given.Bet, payout),
            _ => Given.Cancel(Given.Bet),
        };

        var ledger = Given.Decide(state, close).Ledger.Entries;

        Assert.Equal(new Money(balance), state.Accounts[Given.User].Balance);
        Assert.Equal(0, ledger.Sum(entry => entry.Amount.Cents));
        Assert.Equal(-10_00, Assert.Single(ledger, entry => entry.Account == LedgerAccounts.Stakes).Amount.Cents);
    }
}
