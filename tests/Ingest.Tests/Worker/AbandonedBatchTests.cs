using System.Net;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Betting.Tests.Ingest.Store;

namespace Betting.Tests.Ingest.Worker;

/// <summary>
/// Somebody holds one wallet while its commands go from replica to replica: a replica that has given them away goes on with what it
/// got instead, and is ready. Withdrawals empty the wallets again, so whatever is applied out of order is refused.
/// </summary>
public sealed class AbandonedBatchTests(Servers servers)
{
    const int Held = 1,
        Users = 6;

    [Fact]
    public async Task A_held_wallet_stops_only_the_owner_of_its_partition_through_several_rebalances()
    {
        await using var stage = await Stage.SetAsync(servers, partitions: Users);
        IngestProcess[] replicas = [Start(stage, "kafka"), Start(stage, "kafka"), Start(stage, "kafka")];
        var sent = new List<BetCommand>();
        await SendAsync(stage, sent, [.. Enumerable.Range(1, Users).Select(user => (user, (BetCommand)Given.Register(user)))]);
        await stage.AppliedAsync(sent);
        await using (var held = await HeldWallet.HoldAsync(stage.Postgres, Held))
        {
            await SendAsync(stage, sent, InAndOut(Held, 20));
            await held.IsWaitedForAsync();
            for (var round = 0; round < 5; round++)
            {
                var left = replicas[round % 3];
                await (round % 2 == 0 ? left.KillAsync() : left.StopAsync());
                replicas[round % 3] = Start(stage, "kafka");
                // Of three replicas one has the partitions of the first two users.
                var others = Enumerable.Range(3, Users - 2).SelectMany(user => InAndOut(user, 5)).ToArray();
                await SendAsync(stage, sent, [.. InAndOut(Held, 1), .. InAndOut(2, 5), .. others]);
                await stage.AppliedAsync(others.Select(each => each.Command));
                await Deadline.UntilAsync("two ready replicas", TimeSpan.FromSeconds(60), async () => await ReadyAsync(replicas) >= 2);
            }
        }

        await AssertAppliedInOrderAsync(stage, sent);
        Assert.Equal(0, stage.Kafka.DeadLetterCount());
        Assert.All(replicas, replica => Assert.DoesNotContain(" ERR 15", replica.Log, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_replica_that_is_no_longer_the_consumer_abandons_the_batch_that_waits_for_a_held_wallet()
    {
        await using var stage = await Stage.SetAsync(servers);
        var rabbit = new Uri(stage.Settings[1].Split('=', 2)[1]);
        await using CutWire first = new(rabbit.Port),
            second = new(rabbit.Port);
        CutWire[] wires = [first, second];
        var sent = new List<BetCommand> { Given.Register(Held), Given.Register(2) };
        await stage.Rabbit.PublishAsync(Stage.Encoded(sent));
        var replicas = new List<IngestProcess>();
        foreach (var wire in wires)
        {
            // One after the other: the first one is the consumer.
            replicas.Add(
                Start(
                    stage,
                    "rabbitmq",
                    $"--RabbitMq:Uri={new UriBuilder(rabbit) { Port = wire.Port }.Uri}",
                    $"{stage.Settings[0]};Command Timeout=1",
                    "--Ingest:BatchSize=5"
                )
            );
            await replicas[^1].ReadyAsync();
        }
        await stage.AppliedAsync(sent);
        await using (await HeldWallet.HoldAsync(stage.Postgres, Held))
        {
            BetCommand[] commands = [.. InAndOut(Held, 1).Concat(InAndOut(2, 20)).Select(each => each.Command)];
            sent.AddRange(commands);
            await stage.Rabbit.PublishAsync(Stage.Encoded(commands));
            for (var round = 0; round < 4; round++)
            {
                var (active, other) = (replicas[round % 2], replicas[(round + 1) % 2]);
                await Deadline.UntilAsync("a consumer that says that it stands", TimeSpan.FromSeconds(60), async () =>
                    (await active.BodyAsync("/health/ready")).Contains("TooMuch", StringComparison.Ordinal)
                );
                await other.ReadyAsync();
                wires[round % 2].Break();
                await active.ReadyAsync();
            }
        }

        await AssertAppliedInOrderAsync(stage, sent);
        await Deadline.UntilAsync("an empty queue", TimeSpan.FromSeconds(30), async () =>
            await stage.Rabbit.CountAsync(Topics.Commands) == 0
        );
        Assert.Equal(0u, await stage.Rabbit.CountAsync(Topics.DeadLetter(Topics.Commands)));
    }

    static IngestProcess Start(Stage stage, string door, params string[] settings) => stage.Start([$"--Ingest:Doors={door}", .. settings]);

    static (int User, BetCommand Command)[] InAndOut(int user, int times) =>
        [
            .. Enumerable
                .Range(0, times)
                .SelectMany(_ => new (int, BetCommand)[] { (user, Given.Deposit(10_00, user)), (user, Given.Withdraw(10_00, user)) }),
        ];

    // Each user has a partition.
    static async Task SendAsync(Stage stage, List<BetCommand> sent, (int User, BetCommand Command)[] commands)
    {
        sent.AddRange(commands.Select(each => each.Command));
        foreach (var user in commands.GroupBy(each => each.User))
        {
            await stage.Kafka.PublishAsync(Stage.Encoded(user.Select(each => each.Command)), user.Key - 1);
        }
    }

    static async Task<int> ReadyAsync(IngestProcess[] replicas) =>
        (await Task.WhenAll(replicas.Select(replica => replica.StatusAsync("/health/ready")))).Count(status => status == HttpStatusCode.OK);

    static async Task AssertAppliedInOrderAsync(Stage stage, List<BetCommand> sent)
    {
        await stage.AppliedAsync(sent);
        Assert.Equal(sent.Count, await stage.CountAsync("SELECT count(*) FROM commands WHERE outcome = 'accepted'"));
        Assert.Equal(sent.Count, await stage.CountAsync("SELECT count(*) FROM commands"));
        Assert.Equal(0, await stage.CountAsync("SELECT sum(balance)::bigint FROM wallets"));
        await Invariants.HoldAsync(stage.Postgres);
    }
}
