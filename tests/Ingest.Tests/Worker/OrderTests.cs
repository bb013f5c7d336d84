using System.Collections.Concurrent;
using Betting.BetCommands;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Store;
using Microsoft.Extensions.DependencyInjection;

namespace Betting.Tests.Ingest.Worker;

/// <summary>
/// Each user registers, gets 10.00 and bets 10.00, each step confirmed by the broker before the next: whatever is refused was
/// applied out of order. Users publish side by side, so that every replica has work at any moment.
/// </summary>
public sealed class OrderTests(Servers servers)
{
    const int Event = 1;

    static readonly int Users = Environment.GetEnvironmentVariable("LONG_TESTS") == "1" ? 10_000 : 1_500;

    [Theory]
    [InlineData("rabbitmq", 1)]
    [InlineData("rabbitmq", 2)]
    [InlineData("rabbitmq", 4)]
    [InlineData("kafka", 1)]
    [InlineData("kafka", 2)]
    [InlineData("kafka", 4)]
    public async Task No_bet_is_refused_whatever_the_number_of_replicas(string door, int replicas)
    {
        await using var stage = await Stage.SetAsync(servers, partitions: 8);
        await using var publisher = await PublisherAsync(stage, door);
        for (var replica = 0; replica < replicas; replica++)
        {
            await Start(stage, door).ReadyAsync();
        }

        await Task.WhenAll(Enumerable.Range(1, Users).Select(user => StepsAsync(publisher, user)));

        await AssertAllAcceptedAsync(stage);
    }

    [Theory]
    [InlineData("rabbitmq")]
    [InlineData("kafka")]
    public async Task No_bet_is_refused_through_a_rolling_restart(string door)
    {
        await using var stage = await Stage.SetAsync(servers, partitions: 8);
        await using var publisher = await PublisherAsync(stage, door);
        IngestProcess[] replicas = [Start(stage, door), Start(stage, door)];
        await Task.WhenAll(replicas.Select(replica => replica.ReadyAsync()));

        var users = new ConcurrentQueue<int>(Enumerable.Range(1, 2 * Users));
        var publishing = Task.WhenAll(
            Enumerable
                .Range(0, 200)
                .Select(async _ =>
                {
                    while (users.TryDequeue(out var user))
                    {
                        await StepsAsync(publisher, user);
                    }
                })
        );
        for (var restart = 0; restart < 4; restart++)
        {
            Assert.Equal(0, await replicas[restart % 2].StopAsync());
            replicas[restart % 2] = Start(stage, door);
            await replicas[restart % 2].ReadyAsync();
        }
        await publishing;

        await AssertAllAcceptedAsync(stage, 2 * Users);
    }

    [Fact]
    public async Task A_backlog_is_applied_in_order_while_the_consuming_replica_is_killed_again_and_again()
    {
        await using var stage = await Stage.SetAsync(servers);
        await using var publisher = await PublisherAsync(stage, "rabbitmq");
        await Task.WhenAll(Enumerable.Range(1, Users).Select(user => StepsAsync(publisher, user)));

        for (var kill = 1; kill <= 5; kill++)
        {
            var victim = Start(stage, "rabbitmq", "--Ingest:BatchSize=50");
            var applied = kill * Users / 3;
            await Deadline.UntilAsync($"{applied} outcomes", TimeSpan.FromSeconds(60), async () =>
                await stage.CountAsync("SELECT count(*) FROM commands") >= applied
            );
            await victim.KillAsync();
        }
        Start(stage, "rabbitmq");

        await AssertAllAcceptedAsync(stage);
    }

    [Fact]
    public async Task A_backlog_is_applied_in_order_while_the_connection_breaks_again_and_again()
    {
        await using var stage = await Stage.SetAsync(servers);
        await using var publisher = await PublisherAsync(stage, "rabbitmq");
        await Task.WhenAll(Enumerable.Range(1, Users).Select(user => StepsAsync(publisher, user)));
        var rabbit = new Uri(stage.Settings[1].Split('=', 2)[1]);
        await using var wire = new CutWire(rabbit.Port);

        Start(stage, "rabbitmq", $"--RabbitMq:Uri={new UriBuilder(rabbit) { Port = wire.Port }.Uri}", "--Ingest:BatchSize=20");
        for (var cut = 1; cut <= 6; cut++)
        {
            var applied = cut * Users / 3;
            await Deadline.UntilAsync($"{applied} outcomes", TimeSpan.FromSeconds(60), async () =>
                await stage.CountAsync("SELECT count(*) FROM commands") >= applied
            );
            wire.Break();
        }

        await AssertAllAcceptedAsync(stage);
    }

    [Fact]
    public async Task A_replica_asked_to_stop_lets_nobody_overtake_the_batch_that_it_has_in_hand()
    {
        await using var stage = await Stage.SetAsync(servers);
        await using var services = await PublisherAsync(stage, "rabbitmq");
        var client = services.GetRequiredService<IBetCommands>();
        var first = Start(stage, "rabbitmq");
        BetCommand[] users = [client.New.RegisterUser(1, "Ada"), client.New.RegisterUser(2, "Bob")];
        await client.PublishAsync(users, TestContext.Current.CancellationToken);
        await stage.AppliedAsync(users);
        await Start(stage, "rabbitmq").ReadyAsync();
        await using var held = await HeldWallet.HoldAsync(stage.Postgres, 1);

        BetCommand[] inHand = [client.New.Deposit(1, 10m), client.New.Deposit(2, 10m)];
        await client.PublishAsync(inHand, TestContext.Current.CancellationToken);
        await held.IsWaitedForAsync();
        var stopping = first.StopAsync();
        BetCommand[] behind = [client.New.Withdraw(2, 10m)];
        await client.PublishAsync(behind, TestContext.Current.CancellationToken);
        await Deadline.UntilAsync("a consumer that has it", TimeSpan.FromSeconds(20), async () =>
            await stage.Rabbit.CountAsync(Topics.Commands) == 0
        );
        await held.DisposeAsync();

        Assert.Equal(0, await stopping);
        await stage.AppliedAsync([.. inHand, .. behind]);
        Assert.Equal(0, await stage.CountAsync("SELECT count(*) FROM commands WHERE outcome <> 'accepted'"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_replica_whose_connection_died_with_a_batch_in_hand_and_its_successor_apply_each_command_once_and_in_order(
        bool standsStill
    )
    {
        await using var stage = await Stage.SetAsync(servers);
        await using var services = await PublisherAsync(stage, "rabbitmq");
        var client = services.GetRequiredService<IBetCommands>();
        var rabbit = new Uri(stage.Settings[1].Split('=', 2)[1]);
        await using var wire = new CutWire(rabbit.Port);
        var zombie = Start(stage, "rabbitmq", $"--RabbitMq:Uri={new UriBuilder(rabbit) { Port = wire.Port }.Uri}", "--Ingest:BatchSize=3");
        BetCommand[] users = [client.New.RegisterUser(1, "Ada"), client.New.RegisterUser(2, "Bob")];
        await client.PublishAsync(users, TestContext.Current.CancellationToken);
        await stage.AppliedAsync(users);
        await Start(stage, "rabbitmq", "--Ingest:BatchSize=5").ReadyAsync();
        await using var held = await HeldWallet.HoldAsync(stage.Postgres, 1);

        // Of three batches of the first replica one waits for the wallet, one waits for that one, and one is not taken yet.
        BetCommand[] commands =
        [
            client.New.Deposit(1, 10m),
            .. Enumerable.Range(0, 20).SelectMany(_ => new BetCommand[] { client.New.Deposit(2, 10m), client.New.Withdraw(2, 10m) }),
        ];
        await client.PublishAsync(commands, TestContext.Current.CancellationToken);
        await held.IsWaitedForAsync();
        if (standsStill)
        {
            zombie.Pause();
        }
        wire.Cut();
        await Deadline.UntilAsync("the successor with all of them", TimeSpan.FromSeconds(30), async () =>
            await stage.Rabbit.CountAsync(Topics.Commands) == 0
        );
        await held.DisposeAsync();
        if (standsStill)
        {
            // PostgreSQL ends the transaction of who stands still; the successor has waited for its ids.
            await stage.AppliedAsync(commands);
            zombie.Resume();
        }

        await stage.AppliedAsync(commands);
        Assert.Equal(0, await stage.CountAsync("SELECT count(*) FROM commands WHERE outcome <> 'accepted'"));
        var code = await zombie.StopAsync();
        Assert.True(code == 0 || standsStill, zombie.Log);
        await Invariants.HoldAsync(stage.Postgres);
    }

    [Fact]
    public async Task A_partition_taken_away_with_a_batch_in_hand_is_applied_in_order_by_both_owners()
    {
        await using var stage = await Stage.SetAsync(servers, partitions: 2);
        await using var services = await PublisherAsync(stage, "kafka");
        var client = services.GetRequiredService<IBetCommands>();
        var before = Start(stage, "kafka", "--Ingest:BatchSize=3");
        BetCommand[] users = [client.New.RegisterUser(1, "Ada"), client.New.RegisterUser(2, "Bob"), client.New.RegisterUser(3, "Eve")];
        await client.PublishAsync(users, TestContext.Current.CancellationToken);
        await stage.AppliedAsync(users);
        await using var held = await HeldWallet.HoldAsync(stage.Postgres, 1);

        // Each partition begins with a command that waits for the wallet; whichever is taken away is in hand.
        var commands = new List<BetCommand>();
        foreach (var partition in new[] { 0, 1 })
        {
            BetCommand[] here =
            [
                client.New.Deposit(1, 10m),
                .. Enumerable
                    .Range(0, 20)
                    .SelectMany(_ => new BetCommand[] { client.New.Deposit(2 + partition, 10m), client.New.Withdraw(2 + partition, 10m) }),
            ];
            commands.AddRange(here);
            await stage.Kafka.PublishAsync(Stage.Encoded(here), partition);
        }
        await held.IsWaitedForAsync();
        var after = Start(stage, "kafka", "--Ingest:BatchSize=5");
        await Deadline.UntilAsync("a partition of the second replica", TimeSpan.FromSeconds(60), () =>
            Task.FromResult(after.Log.Contains("gave this replica the partitions", StringComparison.Ordinal))
        );
        await held.DisposeAsync();

        await stage.AppliedAsync(commands);
        Assert.Equal(0, await stage.CountAsync("SELECT count(*) FROM commands WHERE outcome <> 'accepted'"));
        Assert.Equal((0, 0), (await before.StopAsync(), await after.StopAsync()));
        await Invariants.HoldAsync(stage.Postgres);
    }

    static IngestProcess Start(Stage stage, string door, params string[] settings) => stage.Start([$"--Ingest:Doors={door}", .. settings]);

    static async Task<ServiceProvider> PublisherAsync(Stage stage, string door)
    {
        var services = ClientTests.Client([
            $"BetCommands:Via={door}",
            .. stage
                .Settings.Where(setting =>
                    setting.StartsWith("--RabbitMq", StringComparison.Ordinal)
                    || setting.StartsWith("--Kafka:Boot", StringComparison.Ordinal)
                )
                .Select(setting => setting[2..]),
        ]);
        var client = services.GetRequiredService<IBetCommands>();
        await client.PublishAsync(
            client.New.ScheduleEvent(Event, "City – United", "football", TimeProvider.System.GetUtcNow().AddDays(1)),
            TestContext.Current.CancellationToken
        );
        return services;
    }

    static async Task StepsAsync(ServiceProvider publisher, int user)
    {
        var client = publisher.GetRequiredService<IBetCommands>();
        await client.PublishAsync(client.New.RegisterUser(user, "Ada"), TestContext.Current.CancellationToken);
        await client.PublishAsync(client.New.Deposit(user, 10m), TestContext.Current.CancellationToken);
        await client.PublishAsync(client.New.PlaceBet(user, user, Event, 10m), TestContext.Current.CancellationToken);
    }

    static async Task AssertAllAcceptedAsync(Stage stage, int? users = null)
    {
        var expected = (3 * (users ?? Users)) + 1;
        await Deadline.UntilAsync($"{expected} outcomes", TimeSpan.FromSeconds(180), async () =>
            await stage.CountAsync("SELECT count(*) FROM commands WHERE outcome <> 'parked'") == expected
        );
        Assert.Equal(0, await stage.CountAsync("SELECT count(*) FROM commands WHERE outcome <> 'accepted'"));
        await Invariants.HoldAsync(stage.Postgres);
    }
}
