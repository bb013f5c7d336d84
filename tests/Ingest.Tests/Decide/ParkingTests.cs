using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Ingest.Decide;

namespace Betting.Tests.Ingest.Decide;

public sealed class ParkingTests
{
    [Fact]
    public void A_settlement_before_its_bet_waits_and_is_released_by_it()
    {
        var (settle, place) = (Given.Settle(1, 20_00), Given.Place(1, 5_00));
        var state = Given.State();

        var decision = Given.Decide(state, settle, place);

        Assert.Equal(Outcome.Accepted, decision.Outcomes[settle.Id]);
        Assert.Equal(BetStatus.Settled, state.Bets[1].Status);
        Assert.Empty(decision.ParkedNow);
    }

    [Fact]
    public void A_whole_life_in_reverse_order_ends_as_in_the_right_one()
    {
        var state = new State();
        BetCommand[] life = [Given.Register(), Given.Deposit(10_00), Given.Schedule(), Given.Place(1, 10_00), Given.Settle(1, 30_00)];
        for (var step = 0; step < life.Length; step++)
        {
            life[step] = life[step] with { IssuedAt = Given.Now.AddSeconds(step - life.Length) };
        }

        var decision = Given.Decide(state, [.. life.Reverse()]);

        Assert.All(decision.Outcomes.Values, outcome => Assert.Equal(Outcome.Accepted, outcome));
        Assert.Equal(new Money(30_00), state.Accounts[Given.User].Balance);
    }

    [Fact]
    public void What_waited_for_the_same_thing_is_released_in_issue_order()
    {
        var state = new State();
        var late = Given.Withdraw(10_00) with { IssuedAt = Given.Now.AddSeconds(-1) };
        var early = Given.Deposit(10_00) with { IssuedAt = Given.Now.AddSeconds(-2) };

        var decision = Given.Decide(state, late, early, Given.Register());

        Assert.Equal([Outcome.Accepted, Outcome.Accepted], [decision.Outcomes[late.Id], decision.Outcomes[early.Id]]);
    }

    [Fact]
    public void A_released_command_may_have_to_wait_for_something_else_under_its_old_deadline()
    {
        var place = Given.Place(1, 5_00, user: 1, onEvent: 2);
        var waiting = Given.Parked(place, WaitFor.User, 1);
        var later = Given.Now.AddMinutes(1);

        var decision = Given.Decide(new State(), [waiting], later, Given.Register(1));

        Assert.Empty(decision.Released);
        Assert.Equal(waiting with { Wait = new WaitKey(WaitFor.Event, 2) }, Assert.Single(decision.ParkedNow));
        Assert.Equal(decision.ParkedNow, decision.ParkedAgain);
    }

    [Fact]
    public void A_command_that_waits_for_two_things_in_one_batch_was_not_parked_before_and_has_the_second_reason()
    {
        var place = Given.Place(1, 5_00, user: 1, onEvent: 2);

        var decision = Given.Decide(new State(), place, Given.Register(1));

        Assert.Equal(Reasons.UnknownEvent, decision.Outcomes[place.Id].Reason);
        Assert.Equal(place, Assert.Single(decision.ParkedNow).Command);
        Assert.Empty(decision.ParkedAgain);
    }

    [Fact]
    public void Past_its_deadline_a_command_is_rejected_with_what_it_waited_for()
    {
        var settle = Given.Settle(1, 0);
        var waiting = Given.Parked(settle, WaitFor.Bet, 1);

        Assert.Empty(Given.Decide(new State(), [waiting], waiting.Deadline.AddTicks(-10)).Released);
        Assert.Equal([(settle, Outcome.Rejected(Reasons.UnknownBet))], Given.Decide(new State(), [waiting], waiting.Deadline).Released);
    }

    [Fact]
    public void What_came_in_a_transaction_beside_the_one_that_parked_is_found_by_the_next_look()
    {
        var cancel = Given.Cancel(Given.Bet);

        var decision = Given.Decide(Given.State(), [Given.Parked(cancel, WaitFor.Bet, Given.Bet)], Given.Now);

        Assert.Equal([(cancel, Outcome.Accepted)], decision.Released);
    }

    [Fact]
    public void A_refused_bet_releases_nothing()
    {
        var (settle, place) = (Given.Settle(1, 0), Given.Place(1, 200_00));

        var decision = Given.Decide(Given.State(), settle, place);

        Assert.Equal(OutcomeKind.Parked, decision.Outcomes[settle.Id].Kind);
        Assert.Equal(Reasons.InsufficientFunds, decision.Outcomes[place.Id].Reason);
    }
}
