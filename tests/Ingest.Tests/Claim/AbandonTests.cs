using Betting.Contracts.Commands;
using Betting.Ingest;
using Betting.Ingest.Messages;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Attempts;
using Betting.Tests.Ingest.Decide;
using Betting.Tests.Ingest.Store;
using Betting.Tests.Ingest.Worker;

namespace Betting.Tests.Ingest.Claim;

/// <summary>Batches whose messages belong to another replica now.</summary>
public sealed class AbandonTests(Servers servers)
{
    const int Free = 2;

    static readonly IngestOptions AnyIssuedAt = new() { MaxIssuedAhead = TimeSpan.FromDays(365) };

    [Fact]
    public async Task A_batch_that_waits_for_a_lock_is_rolled_back_and_the_next_one_does_not_wait_for_it()
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        using var handlers = new Handlers(database);
        var handler = handlers.New();
        await Handlers.HandleAsync(
            handler,
            [
                [Given.Register(), Given.Register(Free)],
            ]
        );
        BetCommand[] stuck = [Given.Deposit(1_00), Given.Withdraw(1_00)],
            behind = [Given.Deposit(5_00, Free)];
        await using (var held = await HeldWallet.HoldAsync(database.Admin, Given.User))
        {
            // Several times, as several rebalances do; the attempts of each take the same ids again.
            for (var times = 0; times < 5; times++)
            {
                Task[] inHand =
                [
                    handler.HandleAsync(Delivered(stuck), CancellationToken.None),
                    handler.HandleAsync(Delivered(behind), CancellationToken.None),
                ];
                await held.IsWaitedForAsync();

                handler.Abandon();

                var other = Given.Deposit(1_00, Free);
                Assert.Equal(
                    ["accepted"],
                    await Handlers.HandleAsync(
                        handler,
                        [
                            [other],
                        ]
                    )
                );
                foreach (var abandoned in inHand)
                {
                    await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
                        abandoned.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System)
                    );
                }
                // Its statement has ended in the server as well, and what it had taken is free.
                Assert.Equal(
                    0,
                    await database.ScalarAsync<long>(
                        "SELECT count(*) FROM pg_stat_activity WHERE datname = "
                            + "current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
                    )
                );
                Assert.Equal(3 + times, await database.ScalarAsync<long>("SELECT count(*) FROM commands"));
                Assert.True(handlers.Readiness.IsReady);
            }
        }

        Assert.Equal(["accepted", "accepted", "accepted"], await Handlers.HandleAsync(handler, stuck, behind));
        Assert.Empty(handlers.Letters);
        Assert.Equal(10m, await database.ScalarAsync<decimal>("SELECT sum(balance) FROM wallets"));
        await Invariants.HoldAsync(database.Admin);
    }

    [Fact]
    public async Task The_outage_that_an_abandoned_batch_met_goes_with_it()
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt, settings: "Command Timeout=1");
        using var handlers = new Handlers(database);
        var handler = handlers.New();
        await Handlers.HandleAsync(
            handler,
            [
                [Given.Register()],
            ]
        );
        await using var held = await HeldWallet.HoldAsync(database.Admin, Given.User);
        var inHand = handler.HandleAsync(Delivered([Given.Deposit(1_00)]), CancellationToken.None);
        await Deadline.UntilAsync("a door that is not ready", TimeSpan.FromSeconds(30), () => Task.FromResult(!handlers.Readiness.IsReady));

        handler.Abandon();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => inHand.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System));
        Assert.True(handlers.Readiness.IsReady);
    }

    [Fact]
    public async Task The_next_owner_decides_a_command_only_after_the_transaction_of_the_one_before_has_ended()
    {
        await using var database = await Database.CreateAsync(servers, AnyIssuedAt);
        using var handlers = new Handlers(database);
        var (before, after) = (handlers.New(), handlers.New());
        await Handlers.HandleAsync(
            after,
            [
                [Given.Register()],
            ]
        );
        // Refused unless they are applied in this order.
        BetCommand[] commands =
        [
            .. Enumerable.Range(0, 20).SelectMany(_ => new BetCommand[] { Given.Deposit(1_00), Given.Withdraw(1_00) }),
        ];
        var batches = commands.Chunk(4).ToArray();

        for (var at = 0; at < batches.Length; at++)
        {
            // The owner before is abandoned at whatever point it has come to; the next one begins at once with the same commands.
            var zombie = before.HandleAsync(Delivered(batches[at]), CancellationToken.None);
            await Task.WhenAny(
                zombie,
                Task.Delay(TimeSpan.FromMilliseconds(at * 2), TimeProvider.System, TestContext.Current.CancellationToken)
            );
            before.Abandon();
            // Duplicates where the zombie was at its commit, or had passed it.
            var outcomes = await Handlers.HandleAsync(after, batches[at]);
            Assert.True(
                outcomes.TrueForAll(outcome => outcome == "accepted") || outcomes.TrueForAll(outcome => outcome == "duplicate"),
                string.Join(", ", outcomes)
            );
        }

        Assert.Equal(commands.Length + 1, await database.ScalarAsync<long>("SELECT count(*) FROM commands WHERE outcome = 'accepted'"));
        Assert.Equal(0m, await database.ScalarAsync<decimal>("SELECT balance FROM wallets"));
        await Invariants.HoldAsync(database.Admin);
    }

    static List<Delivery> Delivered(BetCommand[] commands) =>
        [
            .. commands.Select(command =>
            {
                var body = CommandEncoder.Encode(command);
                return new Delivery(body, body, "test");
            }),
        ];
}
