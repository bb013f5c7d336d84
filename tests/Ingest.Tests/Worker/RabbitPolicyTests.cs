using Betting.Contracts;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;

namespace Betting.Tests.Ingest.Worker;

/// <summary>Policies of an operator on RabbitMQ's queues: no command and no dead letter vanishes without a word.</summary>
public sealed class RabbitPolicyTests(Servers servers)
{
    const int Bad = 12,
        Waves = 3;

    static readonly byte[] NoCommand = "no command at all"u8.ToArray();

    // Each of them loses messages of a queue that it applies to.
    const string Losing = """{"max-length":5,"overflow":"drop-head","message-ttl":1,"delivery-limit":1}""";

    [Fact]
    public async Task A_policy_for_all_queues_does_not_reach_the_queues_of_commands()
    {
        var server = await servers.RabbitAsync();
        await using var stage = await Stage.SetAsync(servers);
        const string Other = "another";
        await stage.Rabbit.DeclareAsync(Other, new() { ["x-queue-type"] = "quorum", ["x-overflow"] = "reject-publish" });
        await server.SetPolicyAsync("losing", ".*", Losing);
        try
        {
            // It applies to others.
            await stage.Rabbit.PublishToAsync(Other, NoCommand);
            await Deadline.UntilAsync("a message that expires in another queue", TimeSpan.FromSeconds(30), async () =>
                await stage.Rabbit.CountAsync(Other) == 0
            );
            var good = Enumerable.Range(1, Bad).Select(user => Given.Register(user)).ToList();
            await stage.Rabbit.PublishAsync([.. Stage.Encoded(good), .. Enumerable.Repeat(NoCommand, Bad)]);
            Assert.Equal(2u * Bad, await stage.Rabbit.CountAsync(Topics.Commands));
            var worker = stage.Start("--Ingest:Doors=rabbitmq");
            await stage.AppliedAsync(good);
            await Deadline.UntilAsync("the letters", TimeSpan.FromSeconds(30), async () =>
                await stage.Rabbit.CountAsync(Rabbit.DeadLetters) == Bad
            );
            Assert.Equal(0, await worker.StopAsync());
            for (var look = 0; look < 3; look++)
            {
                Assert.Equal(0, (await stage.LettersAsync("list", "--door", "rabbitmq")).ExitCode);
                await Deadline.UntilAsync("the letters in their places", TimeSpan.FromSeconds(30), async () =>
                    await stage.Rabbit.CountAsync(Rabbit.DeadLetters) == Bad
                );
            }
        }
        finally
        {
            await server.ClearPolicyAsync("losing");
            await stage.Rabbit.DeleteAsync(Other);
        }
    }

    [Fact]
    public async Task Letters_beyond_an_operators_limit_of_their_queue_go_to_the_table()
    {
        var server = await servers.RabbitAsync();
        await using var stage = await Stage.SetAsync(servers);
        await server.LimitLengthAsync(Rabbit.DeadLetters, 5);
        try
        {
            var worker = stage.Start("--Ingest:Doors=rabbitmq");
            // RabbitMQ refuses a publisher only after it has told it that the queue is full: what is on its way at that moment is taken.
            for (var wave = 1; wave <= Waves; wave++)
            {
                await stage.Rabbit.PublishAsync(
                    Enumerable.Range(0, Bad).Select(number => NoCommand.Append((byte)(wave * Bad + number)).ToArray())
                );
                await Deadline.UntilAsync("all letters in the queue and the table", TimeSpan.FromSeconds(60), async () =>
                    await stage.Rabbit.CountAsync(Rabbit.DeadLetters) + await stage.CountAsync("SELECT count(*) FROM dead_letters")
                    == wave * Bad
                );
            }
            await worker.ReadyAsync();
            Assert.InRange(
                await worker.MetricAsync("ingest_dead_letters_table_total", "door=\"rabbitmq\""),
                Bad,
                (Waves - 1) * Bad + Bad - 5
            );
            Assert.Equal(0u, await stage.Rabbit.CountAsync(Topics.Commands));
            Assert.Equal(0, await worker.StopAsync());
        }
        finally
        {
            await server.LimitLengthAsync(Rabbit.DeadLetters, null);
        }
        Assert.Equal(0, (await stage.LettersAsync("replay", "--all", "--door", "rabbitmq")).ExitCode);
        Assert.Equal((uint)(Waves * Bad), await stage.Rabbit.CountAsync(Topics.Commands));
    }

    [Fact]
    public async Task A_queue_that_a_policy_deletes_is_reported()
    {
        var server = await servers.RabbitAsync();
        await using var stage = await Stage.SetAsync(servers);
        var worker = stage.Start("--Ingest:Doors=rabbitmq");
        await worker.ReadyAsync();
        Assert.Equal(0, await worker.MetricAsync("ingest_queues_deleted_total", "queue="));
        await stage.Rabbit.PublishLettersAsync(NoCommand);
        await server.SetPolicyAsync("expiring", $"^{Rabbit.DeadLetters}$", """{"expires":500}""", RabbitServer.ShieldPriority + 1);
        try
        {
            await Deadline.UntilAsync("a report of the deleted queue", TimeSpan.FromSeconds(60), async () =>
                await worker.MetricAsync("ingest_queues_deleted_total", $"queue=\"{Rabbit.DeadLetters}\"") >= 1
            );
        }
        finally
        {
            await server.ClearPolicyAsync("expiring");
        }
        Assert.Contains(
            $"The RabbitMQ queue {Rabbit.DeadLetters} was deleted, with the messages that it held",
            worker.Log,
            StringComparison.Ordinal
        );
        Assert.Equal(0, await worker.MetricAsync("ingest_queues_deleted_total", $"queue=\"{Topics.Commands}\""));
        await Deadline.UntilAsync("the queue", TimeSpan.FromSeconds(30), () => stage.Rabbit.ExistsAsync(Rabbit.DeadLetters));
        Assert.Equal(0, await worker.StopAsync());
    }

    [Fact]
    public async Task A_queue_of_commands_that_was_deleted_while_no_worker_ran_is_reported_and_two_that_were_never_there_are_not()
    {
        await using var stage = await Stage.SetAsync(servers);
        await stage.Rabbit.DeleteAsync(Topics.Commands);
        var worker = stage.Start("--Ingest:Doors=rabbitmq");
        await worker.ReadyAsync();
        Assert.Equal(1, await worker.MetricAsync("ingest_queues_deleted_total", $"queue=\"{Topics.Commands}\""));
        Assert.Equal(0, await worker.StopAsync());
        await stage.Rabbit.DeleteAsync(Topics.Commands);
        await stage.Rabbit.DeleteAsync(Rabbit.DeadLetters);
        worker = stage.Start("--Ingest:Doors=rabbitmq");
        await worker.ReadyAsync();
        Assert.Equal(0, await worker.MetricAsync("ingest_queues_deleted_total", "queue="));
    }

    [Fact]
    public async Task With_the_management_address_a_policy_that_loses_messages_makes_the_replica_unready()
    {
        var http = FreePort.Take();
        await using var server = new RabbitServer(
            Directory.CreateDirectory(Path.Combine(servers.Folder, "policies")).FullName,
            FreePort.Take(),
            http
        );
        await server.StartAsync();
        await using var stage = await Stage.SetAsync(servers, rabbit: server);
        await server.Root.SetPolicyAsync("losing", "^bet-commands", Losing, RabbitServer.ShieldPriority + 1);
        var worker = stage.Start("--Ingest:Doors=rabbitmq", $"--RabbitMq:ManagementUri=http://127.0.0.1:{http}");
        await Deadline.UntilAsync("unreadiness that names the policy", TimeSpan.FromSeconds(90), async () =>
            await worker.Outages.IsReadyAsync() is (false, var why)
            && why.Contains($"a policy sets message-ttl for {Topics.Commands}: ", StringComparison.Ordinal)
        );
        await server.Root.ClearPolicyAsync("losing");
        await worker.ReadyAsync();
        foreach (var key in new[] { "overflow", "message-ttl", "delivery-limit" })
        {
            Assert.Single(worker.Log.Split('\n'), line =>
                line.Contains(
                    $"A setting of RabbitMQ breaks a promise of this worker: a policy sets {key} for {Topics.Commands}:",
                    StringComparison.Ordinal
                )
            );
            Assert.Single(worker.Log.Split('\n'), line =>
                line.Contains(
                    $"A setting of RabbitMQ breaks a promise of this worker: a policy sets {key} for {Rabbit.DeadLetters}:",
                    StringComparison.Ordinal
                )
            );
        }
        Assert.Single(worker.Log.Split('\n'), line =>
            line.Contains($"a policy sets max-length for {Topics.Commands}:", StringComparison.Ordinal)
        );
        Assert.DoesNotContain($"a policy sets max-length for {Rabbit.DeadLetters}", worker.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_management_address_that_does_not_answer_is_reported_once_and_harms_nothing()
    {
        await using var stage = await Stage.SetAsync(servers);
        var worker = stage.Start("--Ingest:Doors=rabbitmq", "--RabbitMq:ManagementUri=http://127.0.0.1:1");
        await Deadline.UntilAsync("the report", TimeSpan.FromSeconds(30), () =>
            Task.FromResult(worker.Log.Contains("cannot be looked at (connection refused)", StringComparison.Ordinal))
        );
        await worker.ReadyAsync();
    }
}
