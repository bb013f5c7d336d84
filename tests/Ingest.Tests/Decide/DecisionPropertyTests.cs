using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Ingest.Decide;
using CsCheck;

namespace Betting.Tests.Ingest.Decide;

/// <summary>Random commands about few users, events and bets, cut into batches at random, against the plain model.</summary>
public sealed class DecisionPropertyTests
{
    static readonly Limits Wide = new(
        CommandContract.MaxAmount,
        CommandContract.MaxPayout,
        CommandContract.MaxPayout,
        TimeSpan.FromHours(1)
    );

    static readonly Gen<long> Id = Gen.Long[1, 3];
    static readonly Gen<long> BetId = Gen.Long[1, 6];
    static readonly Gen<long?> Owner = Gen.OneOf(Gen.Const((long?)null), Id.Select(user => (long?)user));
    static readonly Gen<Money> Stake = Gen.Long[0, 20].Select(cents => new Money(cents));

    static readonly Gen<BetCommand> Command = Gen.Select(Gen.Guid, Gen.Int[0, 30].Select(seconds => Given.Now.AddSeconds(-seconds)))
        .SelectMany(
            (id, issued) =>
                Gen.Frequency(
                    (1, Id.Select(user => (BetCommand)new RegisterUser(id, issued, user, "Ada"))),
                    (1, Id.Select(user => (BetCommand)new RenameUser(id, issued, user, "Grace"))),
                    (4, Gen.Select(Id, Stake).Select((user, amount) => (BetCommand)new Deposit(id, issued, user, amount))),
                    (1, Gen.Select(Id, Stake).Select((user, amount) => (BetCommand)new Withdraw(id, issued, user, amount))),
                    (1, Id.Select(onEvent => (BetCommand)new ScheduleEvent(id, issued, onEvent, "A – B", "football", issued))),
                    (
                        1,
                        Gen.Select(Id, Gen.Int[0, 2].Select(stage => EventStatus.All[stage]))
                            .Select((onEvent, status) => (BetCommand)new ChangeEvent(id, issued, onEvent, null, null, null, status))
                    ),
                    (
                        6,
                        Gen.Select(BetId, Id, Id, Stake)
                            .Select((bet, user, onEvent, amount) => (BetCommand)new PlaceBet(id, issued, bet, user, onEvent, amount))
                    ),
                    (
                        3,
                        Gen.Select(BetId, Stake, Owner)
                            .Select((bet, payout, user) => (BetCommand)new SettleBet(id, issued, bet, payout, user))
                    ),
                    (
                        2,
                        Gen.Select(BetId, Stake, Owner)
                            .Select((bet, payout, user) => (BetCommand)new CashOutBet(id, issued, bet, payout, user))
                    ),
                    (2, Gen.Select(BetId, Owner).Select((bet, user) => (BetCommand)new CancelBet(id, issued, bet, user)))
                )
        );

    [Fact]
    public void Batches_of_any_size_end_as_one_command_after_another_does()
    {
        Gen.Select(Command.Array[1, 60], Gen.Int[1, 20])
            .Sample(
                (commands, size) =>
                {
                    var model = new NaiveModel();
                    foreach (var command in commands)
                    {
                        model.Apply(command);
                    }

                    var run = new BatchedRun(Wide, commands.Chunk(size));

                    Assert.Equal(
                        Sorted(model.Outcomes.Select(row => (row.Key, Plain(row.Value)))),
                        Sorted(run.Outcomes.Select(row => (row.Key, row.Value)))
                    );
                    Assert.Equal(model.Balances.OrderBy(row => row.Key), run.Balances.OrderBy(row => row.Key));
                    Assert.Equal(
                        model.Bets.Select(row => (row.Key, row.Value.Status)).Order(),
                        run.State.Bets.Values.Select(bet => (bet.Id, bet.Status)).Order()
                    );
                },
                iter: 5_000
            );
    }

    [Fact]
    public void Entries_of_each_command_sum_to_zero_and_each_wallet_is_its_ledger()
    {
        Gen.Select(Command.Array[1, 60], Gen.Int[1, 20])
            .Sample(
                (commands, size) =>
                {
                    var run = new BatchedRun(Wide, commands.Chunk(size));

                    Assert.All(run.Ledger.GroupBy(entry => entry.CommandId), entries =>
                        Assert.Equal(0, entries.Sum(entry => entry.Amount.Cents))
                    );
                    Assert.All(run.Balances, wallet =>
                    {
                        Assert.True(wallet.Value >= 0);
                        Assert.Equal(wallet.Value, Sum(run, LedgerAccounts.Wallet, entry => entry.UserId == wallet.Key));
                    });
                    Assert.All(run.State.Bets.Values, bet =>
                        Assert.Equal(
                            bet.Status == BetStatus.Open ? bet.Amount.Cents : 0,
                            Sum(run, LedgerAccounts.Stakes, entry => entry.BetId == bet.Id)
                        )
                    );
                },
                iter: 5_000
            );
    }

    static long Sum(BatchedRun run, string account, Func<LedgerEntry, bool> where) =>
        run.Ledger.Where(entry => entry.Account == account && where(entry)).Sum(entry => entry.Amount.Cents);

    // The model's notes on what a parked command waits for are its own.
    static string Plain(string outcome) => outcome.StartsWith("parked", StringComparison.Ordinal) ? "parked" : outcome;

    static IEnumerable<(Guid, string)> Sorted(IEnumerable<(Guid, string)> rows) => rows.Order();
}
