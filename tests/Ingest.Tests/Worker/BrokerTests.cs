using System.Net;
using Betting.BetCommands;
using Betting.Brokers;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Betting.Tests.Ingest.Store;
using Microsoft.Extensions.DependencyInjection;

namespace Betting.Tests.Ingest.Worker;

public sealed class BrokerTests(Servers servers)
{
    [Fact]
    public async Task RabbitMQ_away_is_seen_and_work_goes_on_after_its_return()
    {
        await using var rabbit = new RabbitServer(
            Directory.CreateDirectory(Path.Combine(servers.Folder, "restarted")).FullName,
            FreePort.Take()
        );
        await rabbit.StartAsync();
        await using var stage = await Stage.SetAsync(servers, rabbit: rabbit);
        var worker = stage.Start("--Ingest:Doors=rabbitmq");
        await using var services = ClientTests.Client($"RabbitMq:Uri={rabbit.Uri}", "BetCommands:PublishWithin=00:05:00");
        var client = services.GetRequiredService<IBetCommands>();
        BetCommand before = client.New.RegisterUser(1, "Ada"),
            after = client.New.RegisterUser(2, "Bob");
        await client.PublishAsync(before, TestContext.Current.CancellationToken);
        await stage.AppliedAsync([before]);

        await rabbit.StopAsync();
        await Deadline.UntilAsync("an unready worker", TimeSpan.FromSeconds(10), async () =>
            await worker.StatusAsync("/health/ready") == HttpStatusCode.ServiceUnavailable
        );
        await Deadline.UntilAsync("its metric", TimeSpan.FromSeconds(10), async () =>
            await worker.MetricAsync("worker_store_away_seconds", "store=\"RabbitMQ\"") > 2
        );
        Assert.Equal(HttpStatusCode.OK, await worker.StatusAsync("/health/live"));
        var publishing = client.PublishAsync(after, TestContext.Current.CancellationToken);
        await rabbit.StartAsync();
        await publishing;
        await stage.AppliedAsync([after]);

        await worker.ReadyAsync();
        Assert.Single(worker.Log.Split('\n'), line => line.Contains("does not serve this worker", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Kafka_away_is_seen_and_work_goes_on_after_its_return()
    {
        await using var stage = await Stage.SetAsync(servers);
        var worker = stage.Start("--Ingest:Doors=kafka");
        await stage.Kafka.PublishAsync(Stage.Encoded([Given.Register(1)]));
        await worker.ReadyAsync();

        await stage.Kafka.DownAsync();
        await Deadline.UntilAsync("an unready worker", TimeSpan.FromSeconds(20), async () =>
            await worker.StatusAsync("/health/ready") == HttpStatusCode.ServiceUnavailable
        );
        await Deadline.UntilAsync("its metric", TimeSpan.FromSeconds(10), async () =>
            await worker.MetricAsync("worker_store_away_seconds", "store=\"Kafka\"") > 1
        );
        await stage.Kafka.UpAsync();
        BetCommand[] after = [Given.Register(2)];
        await stage.Kafka.PublishAsync(Stage.Encoded(after));
        await stage.AppliedAsync(after);

        await worker.ReadyAsync();
    }

    [Fact]
    public async Task A_Kafka_offset_that_is_gone_stops_its_partition_loudly_and_the_others_go_on()
    {
        await using var stage = await Stage.SetAsync(servers, partitions: 2);
        var worker = stage.Start("--Ingest:Doors=kafka");
        BetCommand[] first = [Given.Register(1)];
        await stage.Kafka.PublishAsync(Stage.Encoded(first));
        await stage.AppliedAsync(first);
        Assert.Equal(0, await worker.StopAsync());
        BetCommand[] lost = [Given.Register(2), Given.Register(3)],
            kept = [Given.Register(4)],
            elsewhere = [Given.Register(5)];
        await stage.Kafka.PublishAsync(Stage.Encoded([.. lost, .. kept]));
        await stage.Kafka.DeleteRecordsAsync(Topics.Commands, 0, before: 3);
        await stage.Kafka.PublishAsync(Stage.Encoded(elsewhere), partition: 1);

        worker = stage.Start("--Ingest:Doors=kafka");
        await stage.AppliedAsync(elsewhere);
        await Deadline.UntilAsync("an unready worker", TimeSpan.FromSeconds(20), async () =>
            (await worker.BodyAsync("/health/ready")).Contains("offset lost in partitions 0", StringComparison.Ordinal)
        );
        Assert.Equal(1, await worker.MetricAsync("ingest_kafka_partitions_stopped"));
        Assert.Contains("bet-commands/0: offset 1 is gone, there are 3 to 4", worker.Log, StringComparison.Ordinal);
        Assert.Equal(0L, await stage.CountAsync($"SELECT count(*) FROM commands WHERE command_id = '{kept[0].Id}'"));
        Assert.Equal(0, await worker.StopAsync());

        worker = stage.Start("--Ingest:Doors=kafka", "--Ingest:LostOffset=earliest");
        await stage.AppliedAsync(kept);
        await worker.ReadyAsync();
        Assert.Equal(2, await worker.MetricAsync("ingest_kafka_records_lost_total"));
        Assert.Contains("2 records are lost", worker.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_partitions_move_between_replicas_nothing_is_lost_and_nothing_counts_twice()
    {
        await using var stage = await Stage.SetAsync(servers, partitions: 4);
        BetCommand[] commands = [.. Traffic.About(users: 40, events: 5, bets: 3000, seed: 9)];
        var first = stage.Start("--Ingest:Doors=kafka", "--Ingest:BatchSize=50");
        var publishing = Task.WhenAll(
            Enumerable
                .Range(0, 4)
                .Select(partition =>
                    stage.Kafka.PublishAsync(Stage.Encoded(commands.Where((_, index) => index % 4 == partition)), partition)
                )
        );
        await stage.SomeAppliedAsync(500);

        // One comes, the first goes: partitions move twice.
        var second = stage.Start("--Ingest:Doors=kafka", "--Ingest:BatchSize=50");
        await second.ReadyAsync();
        Assert.Equal(0, await first.StopAsync());
        await publishing;
        await stage.AppliedAsync(commands);

        Assert.Equal(commands.Length, await stage.CountAsync("SELECT count(*) FROM commands"));
        await Invariants.HoldAsync(stage.Postgres);
    }

    [Fact]
    public async Task A_replica_that_goes_has_committed_all_that_it_applied()
    {
        await using var stage = await Stage.SetAsync(servers, partitions: 4);
        BetCommand[] commands = [.. Traffic.About(users: 40, events: 5, bets: 1500, seed: 10)];
        await Task.WhenAll(
            Enumerable
                .Range(0, 4)
                .Select(partition =>
                    stage.Kafka.PublishAsync(Stage.Encoded(commands.Where((_, index) => index % 4 == partition)), partition)
                )
        );
        var first = stage.Start("--Ingest:Doors=kafka", "--Ingest:BatchSize=20");
        await stage.SomeAppliedAsync(100);
        Assert.Equal(0, await first.StopAsync());

        var second = stage.Start("--Ingest:Doors=kafka");
        await stage.AppliedAsync(commands);

        Assert.Equal(0, await second.MetricAsync("ingest_commands_total", "outcome=\"duplicate\""));
    }

    [Fact]
    public async Task Asked_to_stop_the_worker_finishes_the_batch_in_hand_and_gives_back_the_rest()
    {
        await using var stage = await Stage.SetAsync(servers);
        BetCommand[] users = [Given.Register(1)],
            held = [.. Enumerable.Range(0, 20).Select(_ => Given.Deposit(1_00, 1))],
            rest = [.. Enumerable.Range(0, 30).Select(_ => Given.Deposit(1_00, 1))];
        var worker = stage.Start("--Ingest:Doors=rabbitmq", "--Ingest:BatchSize=20");
        await stage.Rabbit.PublishAsync(Stage.Encoded(users));
        await stage.AppliedAsync(users);
        await using (var connection = await stage.Postgres.OpenConnectionAsync(TestContext.Current.CancellationToken))
        await using (var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken))
        {
            await using var hold = new Npgsql.NpgsqlCommand("SELECT FROM wallets WHERE user_id = 1 FOR UPDATE", connection, transaction);
            await hold.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            await stage.Rabbit.PublishAsync(Stage.Encoded(held));
            await stage.Rabbit.PublishAsync(Stage.Encoded(rest));
            await Deadline.UntilAsync("a batch that waits for the wallet", TimeSpan.FromSeconds(20), async () =>
                await stage.CountAsync(
                    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
                ) == 1
            );
            var stopping = worker.StopAsync();
            await Deadline.UntilAsync("its stopping", TimeSpan.FromSeconds(15), () =>
                Task.FromResult(worker.Log.Contains("is asked to stop", StringComparison.Ordinal))
            );
            await transaction.RollbackAsync(TestContext.Current.CancellationToken);
            Assert.Equal(0, await stopping);
        }

        // What was in hand is applied and acknowledged, the rest is back; not one is in both places or in none.
        var applied = await stage.CountAsync("SELECT count(*) FROM commands WHERE kind = 'deposit'");
        Assert.InRange(applied, 1, held.Length + rest.Length);
        await Deadline.UntilAsync("the rest in the queue", TimeSpan.FromSeconds(10), async () =>
            await stage.Rabbit.CountAsync(Topics.Commands) == held.Length + rest.Length - applied
        );
    }

    [Fact]
    public async Task A_batch_that_does_not_end_is_given_up_at_the_limit_and_comes_again()
    {
        await using var stage = await Stage.SetAsync(servers);
        BetCommand[] users = [Given.Register(1)],
            held = [Given.Deposit(1_00, 1)];
        var worker = stage.Start("--Ingest:Doors=rabbitmq", "--Http:DrainLimit=00:00:02");
        await stage.Rabbit.PublishAsync(Stage.Encoded(users));
        await stage.AppliedAsync(users);
        await using (var connection = await stage.Postgres.OpenConnectionAsync(TestContext.Current.CancellationToken))
        await using (var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken))
        {
            await using var hold = new Npgsql.NpgsqlCommand("SELECT FROM wallets WHERE user_id = 1 FOR UPDATE", connection, transaction);
            await hold.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            await stage.Rabbit.PublishAsync(Stage.Encoded(held));
            await Deadline.UntilAsync("a batch that waits for the wallet", TimeSpan.FromSeconds(20), async () =>
                await stage.CountAsync(
                    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
                ) == 1
            );
            var clock = TimeProvider.System;
            var asked = clock.GetTimestamp();
            await worker.StopAsync();
            Assert.InRange(clock.GetElapsedTime(asked).TotalSeconds, 1.5, 10);
            await Deadline.UntilAsync("the command in the queue", TimeSpan.FromSeconds(10), async () =>
                await stage.Rabbit.CountAsync(Topics.Commands) == 1
            );
        }
        stage.Start("--Ingest:Doors=rabbitmq");
        await stage.AppliedAsync(held);
    }

    [Fact]
    public async Task A_queue_of_another_kind_is_told_at_boot_in_one_clear_line()
    {
        await using var stage = await Stage.SetAsync(servers);
        await stage.Rabbit.DeleteAsync(Topics.Commands);
        var worker = stage.Start("--Ingest:Doors=rabbitmq", "--Ingest:Queue=classic");

        Assert.Equal(78, await worker.EndedAsync());

        // Once in the log, and once on standard error.
        var lines = worker
            .Log.Split('\n')
            .Where(line => line.Contains("is there with other arguments than Ingest:Queue=Classic has", StringComparison.Ordinal))
            .ToList();
        Assert.Equal(2, lines.Count);
        Assert.Single(lines, line => line.StartsWith("Ingest: rabbitmq-watch cannot run: ", StringComparison.Ordinal));
        Assert.All(lines, line => Assert.Contains("x-queue-type", line, StringComparison.Ordinal));
        Assert.False(await stage.Rabbit.ExistsAsync(Topics.Commands), "a queue of the wrong kind was made");
        Assert.DoesNotContain("   at ", worker.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_queue_of_dead_letters_that_drops_its_oldest_is_told_at_boot_in_one_clear_line()
    {
        await using var stage = await Stage.SetAsync(servers);
        await stage.Rabbit.DeleteAsync(Rabbit.DeadLetters);
        await stage.Rabbit.DeclareAsync(
            Rabbit.DeadLetters,
            new() { ["x-queue-type"] = "quorum", ["x-delivery-limit"] = CommandQueue.DeadLetterDeliveryLimit }
        );
        try
        {
            var worker = stage.Start("--Ingest:Doors=rabbitmq");

            Assert.Equal(78, await worker.EndedAsync());

            var lines = worker
                .Log.Split('\n')
                .Where(line =>
                    line.Contains($"the RabbitMQ queue {Rabbit.DeadLetters} is there with other arguments", StringComparison.Ordinal)
                )
                .ToList();
            Assert.Equal(2, lines.Count);
            Assert.Single(lines, line => line.StartsWith("Ingest: rabbitmq-watch cannot run: ", StringComparison.Ordinal));
            Assert.All(lines, line => Assert.Contains("x-overflow", line, StringComparison.Ordinal));
            Assert.DoesNotContain("   at ", worker.Log, StringComparison.Ordinal);
        }
        finally
        {
            await stage.Rabbit.DeleteAsync(Rabbit.DeadLetters);
            await using var declared = await Rabbit.OpenAsync(await servers.RabbitAsync(), purge: false);
        }
    }

    [Fact]
    public async Task A_queue_of_another_kind_ends_the_verb_publish_with_one_line_and_the_code_of_settings()
    {
        await using var stage = await Stage.SetAsync(servers);
        var file = Path.Combine(stage.Folder, $"publish-{Guid.NewGuid():N}.jsonl");
        await File.WriteAllBytesAsync(file, CommandEncoder.Encode(Given.Register(1)), TestContext.Current.CancellationToken);

        var (code, output) = await IngestProcess.RunAsync(
            stage.Folder,
            ["publish", "--to", "rabbitmq", file, stage.Settings[1], "--Ingest:Queue=classic"]
        );

        Assert.Equal(78, code);
        Assert.Contains(
            "is there with other arguments than Ingest:Queue=Classic has",
            Assert.Single(output.Trim().Split('\n')),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Partitions_that_the_group_gave_to_another_are_lost_and_not_taken_back()
    {
        await using var stage = await Stage.SetAsync(servers);
        var still = stage.Start("--Ingest:Doors=kafka");
        await still.ReadyAsync();
        await Deadline.UntilAsync("its partition", TimeSpan.FromSeconds(30), () =>
            Task.FromResult(still.Log.Contains("Kafka gave this replica the partitions 0", StringComparison.Ordinal))
        );
        still.Pause();
        var other = stage.Start("--Ingest:Doors=kafka");
        await Deadline.UntilAsync("another owner", TimeSpan.FromSeconds(60), () =>
            Task.FromResult(other.Log.Contains("Kafka gave this replica the partitions 0", StringComparison.Ordinal))
        );
        still.Resume();

        await Deadline.UntilAsync("the loss in the metrics", TimeSpan.FromSeconds(30), async () =>
            await still.MetricAsync("worker_kafka_rebalances_total", "kind=\"lost\"") > 0
        );
        Assert.Single(still.Log.Split('\n'), line =>
            line.Contains("Lost the partitions 0: the group went on without this replica", StringComparison.Ordinal)
        );
        Assert.Equal(0, await still.MetricAsync("worker_kafka_rebalances_total", "kind=\"revoked\""));
        Assert.DoesNotContain("away; what was applied is committed", still.Log, StringComparison.Ordinal);
    }
}
