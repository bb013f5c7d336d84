using System.Text.RegularExpressions;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Ingest.Decide;
using Betting.Local.Engines;

namespace Betting.Tests.Ingest.Decide;

/// <summary>
/// Every kind of command with every reason that docs/commands.md gives it: a pair without a case fails, and so does a case without a pair.
/// </summary>
public sealed partial class ReasonTests
{
    const long Unknown = 404;

    static readonly DateTime Ahead = Given.Now + Given.Limits.MaxIssuedAhead;

    static readonly Dictionary<string, Func<Outcome>> Cases = new()
    {
        ["register-user already-exists"] = () => Of(Given.Register()),
        ["rename-user unknown-user"] = () => TooLate(new RenameUser(Given.Id(), Given.Now, Unknown, "Grace"), WaitFor.User),
        ["deposit invalid-amount"] = () => Of(Given.Deposit(0)),
        ["deposit over-limit"] = () => Of(Given.Deposit(1_000_01)),
        ["deposit unknown-user"] = () => TooLate(Given.Deposit(1, Unknown), WaitFor.User),
        ["withdraw invalid-amount"] = () => Of(Given.Withdraw(0)),
        ["withdraw over-limit"] = () => Of(Given.Withdraw(1_000_01)),
        ["withdraw unknown-user"] = () => TooLate(Given.Withdraw(1, Unknown), WaitFor.User),
        ["withdraw insufficient-funds"] = () => Of(Given.Withdraw(100_01)),
        ["schedule-event already-exists"] = () => Of(Given.Schedule()),
        ["change-event event-goes-back"] = () => Of(Given.Status(EventStatus.Scheduled), Given.State(eventStatus: EventStatus.Live)),
        ["change-event unknown-event"] = () => TooLate(Given.Status(EventStatus.Live, Unknown), WaitFor.Event),
        ["place-bet invalid-amount"] = () => Of(Given.Place(1, 0)),
        ["place-bet over-limit"] = () => Of(Given.Place(1, 1_000_01)),
        ["place-bet already-exists"] = () => Of(Given.Place(Given.Bet, 1)),
        ["place-bet unknown-user"] = () => TooLate(Given.Place(1, 1, user: Unknown), WaitFor.User),
        ["place-bet unknown-event"] = () => TooLate(Given.Place(1, 1, onEvent: Unknown), WaitFor.Event),
        ["place-bet event-finished"] = () => Of(Given.Place(1, 1), Given.State(eventStatus: EventStatus.Finished)),
        ["place-bet insufficient-funds"] = () => Of(Given.Place(1, 100_01)),
        ["settle-bet invalid-amount"] = () => Of(Given.Settle(Given.Bet, -1)),
        ["settle-bet over-limit"] = () => Of(Given.Settle(Given.Bet, 10_000_01)),
        ["settle-bet unknown-bet"] = () => TooLate(Given.Settle(Unknown, 1), WaitFor.Bet),
        ["settle-bet wrong-user"] = () => Of(Given.Settle(Given.Bet, 1, user: Unknown)),
        ["settle-bet bet-not-open"] = () => Of(Given.Settle(Given.Bet, 1), Given.State(betStatus: BetStatus.CashedOut)),
        ["cash-out-bet invalid-amount"] = () => Of(Given.CashOut(Given.Bet, -1)),
        ["cash-out-bet over-limit"] = () => Of(Given.CashOut(Given.Bet, 10_000_01)),
        ["cash-out-bet unknown-bet"] = () => TooLate(Given.CashOut(Unknown, 1), WaitFor.Bet),
        ["cash-out-bet wrong-user"] = () => Of(Given.CashOut(Given.Bet, 1, user: Unknown)),
        ["cash-out-bet bet-not-open"] = () => Of(Given.CashOut(Given.Bet, 1), Given.State(betStatus: BetStatus.Settled)),
        ["cancel-bet over-limit"] = () => Of(Given.Cancel(Given.Bet), Given.State(cents: 19_990_01)),
        ["cancel-bet unknown-bet"] = () => TooLate(Given.Cancel(Unknown), WaitFor.Bet),
        ["cancel-bet wrong-user"] = () => Of(Given.Cancel(Given.Bet, user: Unknown)),
        ["cancel-bet bet-not-open"] = () => Of(Given.Cancel(Given.Bet), Given.State(betStatus: BetStatus.Cancelled)),
    };

    static readonly Dictionary<string, BetCommand> Any = new()
    {
        ["register-user"] = Given.Register(1),
        ["rename-user"] = new RenameUser(Given.Id(), Given.Now, Given.User, "Grace"),
        ["deposit"] = Given.Deposit(1),
        ["withdraw"] = Given.Withdraw(1),
        ["schedule-event"] = Given.Schedule(1),
        ["change-event"] = Given.Status(EventStatus.Live),
        ["place-bet"] = Given.Place(1, 1),
        ["settle-bet"] = Given.Settle(Given.Bet, 1),
        ["cash-out-bet"] = Given.CashOut(Given.Bet, 1),
        ["cancel-bet"] = Given.Cancel(Given.Bet),
    };

    /// <summary>The table of docs/commands.md.</summary>
    public static TheoryData<string, string> Documented
    {
        get
        {
            var text = File.ReadAllText(Path.Combine(Installed.ProjectRoot, "docs", "commands.md"));
            var pairs = new TheoryData<string, string>();
            foreach (
                var line in text[text.IndexOf("| kind | may be rejected with", StringComparison.Ordinal)..]
                    .Split('\n')
                    .Skip(2)
                    .TakeWhile(line => line.StartsWith('|'))
            )
            {
                var cells = line.Split('|');
                foreach (Match kind in Code().Matches(cells[1]))
                {
                    foreach (Match code in Code().Matches(cells[2]))
                    {
                        pairs.Add(kind.Groups[1].Value, code.Groups[1].Value);
                    }
                }
            }
            return pairs;
        }
    }

    public static TheoryData<string> Kinds => [.. CommandContract.Kinds.Select(kind => kind.Text)];

    [Theory, MemberData(nameof(Documented))]
    public void Each_kind_is_rejected_with_each_of_its_reasons(string kind, string reason)
    {
        Assert.Equal(Outcome.Rejected(reason), Cases[$"{kind} {reason}"]());
    }

    [Fact]
    public void No_kind_has_a_reason_that_is_not_in_the_docs()
    {
        Assert.Equal(Cases.Keys.Order(), Documented.Select(row => $"{row.Data.Item1} {row.Data.Item2}").Order());
        Assert.Equal(CommandContract.Kinds.Select(kind => kind.Text).Order(), Any.Keys.Order());
        Assert.Equal(
            Reasons.All.Keys.Order(),
            Documented.Select(row => row.Data.Item2).Append(Reasons.IssuedInFuture).Append(Reasons.RefusedByDatabase).Distinct().Order()
        );
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Each_kind_may_be_issued_as_far_ahead_as_the_limit_and_no_microsecond_further(string kind)
    {
        Assert.Equal(Outcome.Accepted, Of(Any[kind] with { IssuedAt = Ahead }));
        Assert.Equal(Outcome.Rejected(Reasons.IssuedInFuture), Of(Any[kind] with { IssuedAt = Ahead.AddMicroseconds(1) }));
    }

    [Theory]
    [InlineData("deposit", 1_000_00)]
    [InlineData("withdraw", 1_000_00)]
    [InlineData("place-bet", 1_000_00)]
    [InlineData("settle-bet", 10_000_00)]
    [InlineData("cash-out-bet", 10_000_00)]
    public void An_amount_and_a_payout_may_be_the_limit_and_not_a_cent_more(string kind, long limit)
    {
        Assert.Equal(Outcome.Accepted, Of(With(kind, limit), Given.State(cents: 1_000_00)));
        Assert.Equal(Outcome.Rejected(Reasons.OverLimit), Of(With(kind, limit + 1), Given.State(cents: 1_000_00)));
    }

    [Theory]
    [InlineData("deposit", 3_00)]
    [InlineData("settle-bet", 3_00)]
    [InlineData("cash-out-bet", 3_00)]
    [InlineData("cancel-bet", 10_00)]
    public void A_balance_may_become_the_limit_and_not_a_cent_more(string kind, long paid)
    {
        Assert.Equal(Outcome.Accepted, Of(With(kind, paid), Given.State(cents: 20_000_00 - paid)));
        Assert.Equal(Outcome.Rejected(Reasons.OverLimit), Of(With(kind, paid), Given.State(cents: 20_000_00 - paid + 1)));
    }

    [Theory]
    [InlineData("rename-user")]
    [InlineData("deposit")]
    [InlineData("withdraw")]
    [InlineData("change-event")]
    [InlineData("place-bet")]
    [InlineData("settle-bet")]
    [InlineData("cash-out-bet")]
    [InlineData("cancel-bet")]
    public void Whatever_may_wait_is_rejected_where_the_database_refuses_its_release(string kind)
    {
        var wait = new WaitKey(WaitFor.Event, Given.Event);
        var parked = new ParkedCommand(Any[kind], wait, Given.Now, Given.Now + Given.ParkFor);

        var decision = new BatchDecision(Given.State(), [parked], Given.Limits, Given.ParkFor, Given.Now).Release(
            wait,
            null,
            refused: true
        );

        Assert.Equal([(Any[kind], Outcome.Rejected(Reasons.RefusedByDatabase))], decision.Released);
        Assert.Empty(decision.Ledger.Entries);
    }

    static Outcome Of(BetCommand command, State? state = null) => Given.Decide(state ?? Given.State(), command).Outcomes[command.Id];

    static Outcome TooLate(BetCommand command, WaitFor wait)
    {
        Assert.Equal(OutcomeKind.Parked, Of(command).Kind);
        return Assert
            .Single(Given.Decide(Given.State(), [Given.Parked(command, wait, Unknown)], Given.Now + Given.ParkFor).Released)
            .Outcome;
    }

    static BetCommand With(string kind, long cents) =>
        kind switch
        {
            "deposit" => Given.Deposit(cents),
            "withdraw" => Given.Withdraw(cents),
            "place-bet" => Given.Place(1, cents),
            "settle-bet" => Given.Settle(Given.Bet, cents),
            "cash-out-bet" => Given.CashOut(Given.Bet, cents),
            _ => Given.Cancel(Given.Bet),
        };

    [GeneratedRegex("`([a-z-]+)`")]
    private static partial Regex Code();
}
