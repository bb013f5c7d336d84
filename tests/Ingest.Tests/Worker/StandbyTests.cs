using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;

namespace Betting.Tests.Ingest.Worker;

/// <summary>A program that is no Ingest is RabbitMQ's one active consumer of the commands, and acknowledges nothing.</summary>
public sealed class StandbyTests(Servers servers)
{
    const string Rabbitmq = "door=\"rabbitmq\"";

    [Fact]
    public async Task A_queue_that_stands_while_this_replica_stands_by_has_an_age_and_a_condition_and_an_event()
    {
        await using var stage = await Stage.SetAsync(servers);
        BetCommand[] commands = [.. Enumerable.Range(1, 40).Select(user => Given.Register(user))];
        await stage.Rabbit.PublishAsync(Stage.Encoded(commands[..10]));
        var foreigner = await stage.Rabbit.HoldCommandsAsync(prefetch: 10);
        var worker = stage.Start("--Ingest:Doors=rabbitmq");
        // It sees the queue empty: that it stands is known from then on.
        await worker.ReadyAsync();
        await stage.Rabbit.PublishAsync(Stage.Encoded(commands[10..]));

        await Deadline.UntilAsync("an age of the queue", TimeSpan.FromSeconds(60), async () =>
            await worker.MetricAsync("ingest_queue_standing_seconds", Rabbitmq) > 10
        );
        Assert.Equal(30, await worker.MetricAsync("ingest_queue_depth", Rabbitmq));
        await worker.ReadyAsync();
        await Deadline.UntilAsync("an unready replica that says why", TimeSpan.FromSeconds(90), async () =>
            (await worker.BodyAsync("/health/ready")).Contains(
                "this replica stands by, and the 30 commands that wait have not become fewer for 6",
                StringComparison.Ordinal
            )
        );
        Assert.Single(Events(172));

        await foreigner.DisposeAsync();

        await stage.AppliedAsync(commands);
        await worker.ReadyAsync();
        await Deadline.UntilAsync("no age", TimeSpan.FromSeconds(30), async () =>
            await worker.MetricAsync("ingest_queue_standing_seconds", Rabbitmq) == 0
        );
        Assert.Single(Events(172));
        Assert.Single(Events(173));

        IEnumerable<string> Events(int number) =>
            worker
                .Log.Split('\n')
                .Where(line => line.Contains($" {number} Betting.Ingest.Receive.RabbitMq.RabbitWatch:", StringComparison.Ordinal));
    }

    /// <summary>
    /// Two replicas, and the active one's batch waits for a lock. Its commands are not acknowledged, so the queue is empty for both: only
    /// the active replica knows that they wait.
    /// </summary>
    [Fact]
    public async Task The_active_replica_whose_database_does_not_answer_has_an_age_and_no_condition_of_a_replica_that_stands_by()
    {
        await using var stage = await Stage.SetAsync(servers);
        BetCommand[] first = [Given.Register(1)],
            held = [Given.Deposit(5_00, 1)],
            next = [Given.Register(2)];
        await stage.Rabbit.PublishAsync(Stage.Encoded(first));
        var worker = stage.Start("--Ingest:Doors=rabbitmq");
        await stage.AppliedAsync(first);
        var standby = stage.Start("--Ingest:Doors=rabbitmq");
        await standby.ReadyAsync();
        await using (var wallet = await HeldWallet.HoldAsync(stage.Postgres, 1))
        {
            await stage.Rabbit.PublishAsync(Stage.Encoded(held));
            await wallet.IsWaitedForAsync();
            await Deadline.UntilAsync("an age", TimeSpan.FromSeconds(30), async () => await AgeAsync(worker) > 3);
            // A second batch in flight, younger than the first: the age stays that of the oldest.
            await stage.Rabbit.PublishAsync(Stage.Encoded(next));
            List<double> ages = [];
            await Deadline.UntilAsync("a larger age", TimeSpan.FromSeconds(30), async () =>
            {
                ages.Add(await AgeAsync(worker));
                return ages[^1] > 8;
            });
            Assert.Equal(ages.Order(), ages);
            Assert.Equal(1, await worker.MetricAsync("worker_condition", "condition=\"rabbitmq-queue\""));
            Assert.Equal(0, await worker.MetricAsync("ingest_queue_standing_seconds", Rabbitmq));
            Assert.Equal(0, await standby.MetricAsync("ingest_queue_standing_seconds", Rabbitmq));
            Assert.Equal(0, await AgeAsync(standby));
        }
        await stage.AppliedAsync([.. held, .. next]);
        await Deadline.UntilAsync("no age", TimeSpan.FromSeconds(30), async () => await AgeAsync(worker) == 0);

        static Task<double> AgeAsync(IngestProcess replica) => replica.MetricAsync("ingest_in_flight_age_seconds", Rabbitmq);
    }
}
