using Betting.Brokers;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Npgsql;
using RabbitMQ.Client;

namespace Betting.Tests.Ingest.Worker;

/// <summary>Somebody deletes RabbitMQ's queue of commands, or its exchange, under a running worker.</summary>
public sealed class DeletedQueueTests(Servers servers)
{
    const int InHand = 3000;
    static readonly byte[] NoCommand = "no command at all"u8.ToArray();

    [Fact]
    public async Task What_a_worker_holds_of_a_deleted_queue_is_applied_or_put_aside_before_what_the_new_queue_brings()
    {
        await using var stage = await Stage.SetAsync(servers);
        BetCommand[] held = [.. Enumerable.Range(1, InHand).Select(user => Given.Register(user))];
        BetCommand[] later = [.. Enumerable.Range(1, 100).Select(user => Given.Deposit(100, user))];
        var worker = stage.Start("--Ingest:Doors=rabbitmq");
        await worker.ReadyAsync();
        await using (await LockJournalAsync(stage))
        {
            await stage.Rabbit.PublishAsync([.. Stage.Encoded(held), NoCommand]);
            await HeldMessages.ReceivedAsync(stage);
            await stage.Rabbit.DeleteAsync(Topics.Commands);
            await CancelledAsync(worker);
            await Deadline.UntilAsync("a new queue", TimeSpan.FromSeconds(30), () => stage.Rabbit.ExistsAsync(Topics.Commands));
            await stage.Rabbit.PublishToNewQueueAsync(Stage.Encoded(later));
        }
        await stage.AppliedAsync([.. held, .. later]);
        Assert.Equal(0, await stage.CountAsync("SELECT count(*) FROM commands WHERE outcome <> 'accepted'"));
        await Deadline.UntilAsync("the dead letter", TimeSpan.FromSeconds(30), async () =>
            await stage.Rabbit.CountAsync(Rabbit.DeadLetters) == 1
        );
        Assert.Equal(1, await worker.MetricAsync("ingest_queues_deleted_total", $"queue=\"{Topics.Commands}\""));
        await worker.ReadyAsync();
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task What_a_worker_that_stops_holds_of_a_deleted_queue_goes_to_the_new_queue(bool stopsFirst, bool areLettersFull)
    {
        var host = await servers.RabbitAsync();
        await using var stage = await Stage.SetAsync(servers);
        BetCommand[] held = [.. Enumerable.Range(1, InHand).Select(user => Given.Register(user))];
        // The second one finds no room beside the first and is cut: its beginning is a whole command.
        byte[][] large = [Padded(900_000), Padded(300_000)];
        var worker = stage.Start(
            "--Ingest:Doors=rabbitmq",
            $"--Ingest:HeldBytes={HeldMessages.Limit}",
            $"{stage.Settings[0]};Command Timeout=100"
        );
        await worker.ReadyAsync();
        if (areLettersFull)
        {
            await stage.Rabbit.PublishLettersAsync(NoCommand, NoCommand, NoCommand);
            await host.LimitLengthAsync(Rabbit.DeadLetters, 1);
        }
        Task<int> stopping;
        await using (await LockJournalAsync(stage))
        {
            await stage.Rabbit.PublishAsync([.. Stage.Encoded(held), NoCommand, .. large]);
            await HeldMessages.ReceivedAsync(stage);
            if (!stopsFirst)
            {
                await stage.Rabbit.DeleteAsync(Topics.Commands);
                await CancelledAsync(worker, InHand + 3);
            }
            stopping = worker.StopAsync();
            if (stopsFirst)
            {
                await Deadline.UntilAsync("the stop", TimeSpan.FromSeconds(30), () =>
                    Task.FromResult(worker.Log.Contains("asked to stop", StringComparison.Ordinal))
                );
                await stage.Rabbit.DeleteAsync(Topics.Commands);
            }
            await Deadline.UntilAsync("the messages in a new queue", TimeSpan.FromSeconds(20), () =>
                Task.FromResult(worker.Log.Contains("messages of a deleted RabbitMQ queue that were not applied", StringComparison.Ordinal))
            );
        }
        Assert.Equal(0, await stopping);
        if (areLettersFull)
        {
            await host.LimitLengthAsync(Rabbit.DeadLetters, null);
        }
        stage.Start("--Ingest:Doors=rabbitmq");
        await stage.AppliedAsync(held);
        await Deadline.UntilAsync("the dead letters", TimeSpan.FromSeconds(30), async () =>
            await stage.Rabbit.CountAsync(Rabbit.DeadLetters) + await stage.CountAsync("SELECT count(*) FROM dead_letters")
            == (areLettersFull ? 6 : 3)
        );
        Assert.Equal(areLettersFull, await stage.CountAsync("SELECT count(*) FROM dead_letters") > 0);
        Assert.Equal(InHand, await stage.CountAsync("SELECT count(*) FROM commands"));
        Assert.Contains("300000 bytes", (await stage.LettersAsync("list")).Output, StringComparison.Ordinal);
    }

    /// <summary>RabbitMQ tells a consumer nothing where somebody declares a quorum queue of the same name at once.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_a_worker_that_stops_holds_is_not_lost_where_another_queue_takes_the_place_of_its_own(bool stopsFirst)
    {
        await using var stage = await Stage.SetAsync(servers);
        BetCommand[] held = [.. Enumerable.Range(1, 50).Select(user => Given.Register(user))];
        var worker = stage.Start("--Ingest:Doors=rabbitmq");
        await worker.ReadyAsync();
        Task<int> stopping;
        await using (await LockJournalAsync(stage))
        {
            await stage.Rabbit.PublishAsync(Stage.Encoded(held));
            await HeldMessages.ReceivedAsync(stage);
            stopping = stopsFirst ? worker.StopAsync() : Task.FromResult(0);
            if (stopsFirst)
            {
                await Deadline.UntilAsync("the stop", TimeSpan.FromSeconds(30), () =>
                    Task.FromResult(worker.Log.Contains("asked to stop", StringComparison.Ordinal))
                );
            }
            await RemakeAsync(stage, "quorum");
            stopping = stopsFirst ? stopping : worker.StopAsync();
            Assert.Equal(0, await stopping);
        }
        Assert.Equal((uint)held.Length, await stage.Rabbit.CountAsync(Topics.Commands));
        Assert.Equal(0, await stage.CountAsync("SELECT count(*) FROM commands"));
        Assert.Contains($"{held.Length} messages of a deleted RabbitMQ queue that were not applied", worker.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Last_copies_behind_messages_of_a_lost_connection_go_to_the_new_queue_too()
    {
        await using var stage = await Stage.SetAsync(servers);
        BetCommand[] first = [.. Enumerable.Range(1, InHand).Select(user => Given.Register(user))],
            second = [.. Enumerable.Range(InHand + 1, 500).Select(user => Given.Register(user))];
        var rabbit = new Uri((await servers.RabbitAsync()).Uri);
        await using var wire = new CutWire(rabbit.Port);
        var worker = stage.Start("--Ingest:Doors=rabbitmq", $"--RabbitMq:Uri={new UriBuilder(rabbit) { Port = wire.Port }.Uri}");
        await worker.ReadyAsync();
        Task<int> stopping;
        await using (await LockJournalAsync(stage))
        {
            await stage.Rabbit.PublishAsync(Stage.Encoded(first));
            await HeldMessages.ReceivedAsync(stage);
            await stage.Rabbit.DeleteAsync(Topics.Commands);
            await CancelledAsync(worker, InHand);
            await Deadline.UntilAsync("a new queue", TimeSpan.FromSeconds(30), () => stage.Rabbit.ExistsAsync(Topics.Commands));
            await stage.Rabbit.PublishToNewQueueAsync(Stage.Encoded(second));
            await HeldMessages.ReceivedAsync(stage);
            wire.Break();
            // The messages come again to a third consumer.
            await Deadline.UntilAsync("the third consumer", TimeSpan.FromSeconds(60), () =>
                Task.FromResult(worker.Log.Split('\n').Count(line => line.Contains(" INF 140 ", StringComparison.Ordinal)) == 3)
            );
            await HeldMessages.ReceivedAsync(stage);
            await stage.Rabbit.DeleteAsync(Topics.Commands);
            await CancelledAsync(worker, second.Length);
            stopping = worker.StopAsync();
            await Deadline.UntilAsync("the messages in a new queue", TimeSpan.FromSeconds(20), () =>
                Task.FromResult(
                    worker.Log.Contains(
                        $"{InHand + second.Length} messages of a deleted RabbitMQ queue that were not applied",
                        StringComparison.Ordinal
                    )
                )
            );
        }
        Assert.Equal(0, await stopping);
        stage.Start("--Ingest:Doors=rabbitmq");
        await stage.AppliedAsync([.. first, .. second]);
    }

    static byte[] Padded(int size)
    {
        var message = new byte[size];
        message.AsSpan().Fill((byte)' ');
        CommandEncoder.Encode(Given.Register(1_000_000)).CopyTo(message, 0);
        return message;
    }

    [Fact]
    public async Task A_queue_that_is_deleted_and_made_again_at_once_as_it_was_is_consumed()
    {
        await using var stage = await Stage.SetAsync(servers);
        var worker = stage.Start("--Ingest:Doors=rabbitmq");
        await worker.ReadyAsync();
        // RabbitMQ cancels the consumer in some of the rounds, and attaches it to the new queue without a delivery in others.
        for (var round = 1; round <= 3; round++)
        {
            await stage.Rabbit.DeleteAsync(Topics.Commands);
            await stage.Rabbit.DeclareAsync(Topics.Commands, CommandQueue.Arguments(QueueKind.Quorum));
            BetCommand[] commands = [.. Enumerable.Range(1, 50).Select(user => Given.Register(round * 100 + user))];
            await stage.Rabbit.PublishToNewQueueAsync(Stage.Encoded(commands));
            await stage.AppliedAsync(commands);
        }
    }

    static Task CancelledAsync(IngestProcess worker, int messages = InHand + 1) =>
        Deadline.UntilAsync("the end of the consumer", TimeSpan.FromSeconds(30), () =>
            Task.FromResult(
                worker.Log.Contains($"the {messages} messages that this replica holds are nowhere else", StringComparison.Ordinal)
            )
        );

    [Theory]
    [InlineData("bet-commands")]
    [InlineData("bet-commands.dead-letter")]
    public async Task A_queue_that_somebody_makes_again_with_other_arguments_is_told_until_it_is_gone(string queue)
    {
        var host = await servers.RabbitAsync();
        await using var stage = await Stage.SetAsync(servers);
        var worker = stage.Start("--Ingest:Doors=rabbitmq");
        await worker.ReadyAsync();
        await stage.Rabbit.DeleteAsync(queue);
        await stage.Rabbit.DeclareAsync(queue, new() { ["x-queue-type"] = "quorum" });
        await OtherArgumentsAsync(worker, queue);
        if (queue != Topics.Commands)
        {
            await AppliesAsync(stage, 1);
            // A lost connection, and a deleted queue of commands, change nothing about that.
            await host.CloseConnectionsAsync();
            await AppliesAsync(stage, 3);
            await stage.Rabbit.DeleteAsync(Topics.Commands);
            await Deadline.UntilAsync("a command through the exchange", TimeSpan.FromSeconds(60), async () =>
            {
                await stage.Rabbit.PublishThroughExchangeAsync(CommandEncoder.Encode(Given.Register(4)));
                return await stage.CountAsync("SELECT count(*) FROM users WHERE id = 4") == 1;
            });
        }
        else
        {
            Assert.Contains(
                "what MassTransit sends through the exchange",
                await worker.BodyAsync("/health/ready"),
                StringComparison.Ordinal
            );
            // What a publisher brings there can be taken away: nobody holds it.
            await stage.Rabbit.PublishToNewQueueAsync(Stage.Encoded([Given.Register(5)]));
            await Deadline.UntilAsync("the message of the other queue", TimeSpan.FromSeconds(30), async () =>
                await stage.Rabbit.CountAsync(Topics.Commands) == 1
            );
        }

        await stage.Rabbit.DeleteAsync(queue);
        await worker.ReadyAsync();

        await AppliesAsync(stage, 2);
        // Deleted twice, and counted once for each.
        Assert.Equal(2, await worker.MetricAsync("ingest_queues_deleted_total", $"queue=\"{queue}\""));
    }

    [Theory]
    [InlineData("classic")]
    [InlineData("quorum")]
    public async Task What_a_worker_holds_is_applied_though_somebody_makes_the_queue_again_with_other_arguments(string type)
    {
        await using var stage = await Stage.SetAsync(servers);
        BetCommand[] held = [.. Enumerable.Range(1, InHand).Select(user => Given.Register(user))];
        var worker = stage.Start("--Ingest:Doors=rabbitmq");
        await worker.ReadyAsync();
        await using (await LockJournalAsync(stage))
        {
            await stage.Rabbit.PublishAsync(Stage.Encoded(held));
            await HeldMessages.ReceivedAsync(stage);
            await RemakeAsync(stage, type);
            await OtherArgumentsAsync(worker, Topics.Commands);
        }
        await stage.AppliedAsync(held);
        Assert.Equal(0u, await stage.Rabbit.CountAsync(Topics.Commands));
    }

    [Theory]
    [InlineData("classic")]
    [InlineData("quorum")]
    public async Task What_a_worker_that_stops_holds_goes_to_the_queue_that_somebody_made_again_with_other_arguments(string type)
    {
        await using var stage = await Stage.SetAsync(servers);
        BetCommand[] held = [.. Enumerable.Range(1, InHand).Select(user => Given.Register(user))];
        var worker = stage.Start("--Ingest:Doors=rabbitmq");
        await worker.ReadyAsync();
        Task<int> stopping;
        await using (await LockJournalAsync(stage))
        {
            await stage.Rabbit.PublishAsync(Stage.Encoded(held));
            await HeldMessages.ReceivedAsync(stage);
            await RemakeAsync(stage, type);
            await CancelledAsync(worker, InHand);
            stopping = worker.StopAsync();
            await Deadline.UntilAsync("the messages in the queue", TimeSpan.FromSeconds(60), async () =>
                await stage.Rabbit.CountAsync(Topics.Commands) >= InHand
            );
        }
        Assert.Equal(0, await stopping);
    }

    [Fact]
    public async Task A_queue_that_RabbitMQ_does_not_make_again_is_an_outage_and_what_is_held_is_applied()
    {
        var host = await servers.RabbitAsync();
        await using var stage = await Stage.SetAsync(servers);
        BetCommand[] held = [.. Enumerable.Range(1, InHand).Select(user => Given.Register(user))];
        var worker = stage.Start("--Ingest:Doors=rabbitmq");
        await worker.ReadyAsync();
        await host.LimitQueuesAsync(1);
        try
        {
            await using (await LockJournalAsync(stage))
            {
                await stage.Rabbit.PublishAsync(Stage.Encoded(held));
                await HeldMessages.ReceivedAsync(stage);
                await stage.Rabbit.DeleteAsync(Topics.Commands);
                await CancelledAsync(worker, InHand);
                await Deadline.UntilAsync("the report", TimeSpan.FromSeconds(60), async () =>
                    (await worker.BodyAsync("/health/ready")).Contains("queue limit", StringComparison.Ordinal)
                );
                Assert.Equal(1, await worker.MetricAsync("ingest_queues_deleted_total", $"queue=\"{Topics.Commands}\""));
            }
            await stage.AppliedAsync(held);
        }
        finally
        {
            await host.LimitQueuesAsync(null);
        }
        await worker.ReadyAsync();
        Assert.Equal(1, await worker.MetricAsync("ingest_queues_deleted_total", $"queue=\"{Topics.Commands}\""));
    }

    [Fact]
    public async Task A_worker_that_may_declare_no_more_goes_on_consuming()
    {
        var host = await servers.RabbitAsync();
        await using var stage = await Stage.SetAsync(servers);
        var worker = stage.Start("--Ingest:Doors=rabbitmq");
        await worker.ReadyAsync();
        await host.AllowConfiguringAsync("^$");
        try
        {
            // Once a minute: after 30 s of silence a consumer is replaced.
            await Deadline.UntilAsync("two reports", TimeSpan.FromSeconds(150), () =>
                Task.FromResult(worker.Log.Split('\n').Count(line => line.Contains("it refuses access", StringComparison.Ordinal)) > 1)
            );

            await AppliesAsync(stage, 1);
            await host.CloseConnectionsAsync();
            await AppliesAsync(stage, 2);
        }
        finally
        {
            await host.AllowConfiguringAsync(".*");
        }
        await worker.ReadyAsync();
    }

    static async Task RemakeAsync(Stage stage, string type)
    {
        await stage.Rabbit.DeleteAsync(Topics.Commands);
        await stage.Rabbit.DeclareAsync(Topics.Commands, new() { ["x-queue-type"] = type });
    }

    static Task OtherArgumentsAsync(IngestProcess worker, string queue) =>
        Deadline.UntilAsync("the report", TimeSpan.FromSeconds(30), async () =>
            (await worker.BodyAsync("/health/ready")).Contains(
                $"the RabbitMQ queue {queue} is there with other arguments",
                StringComparison.Ordinal
            )
        );

    static async Task AppliesAsync(Stage stage, int user)
    {
        BetCommand[] command = [Given.Register(user)];
        await stage.Rabbit.PublishToNewQueueAsync(Stage.Encoded(command));
        await stage.AppliedAsync(command);
    }

    [Fact]
    public async Task An_exchange_that_somebody_makes_again_without_its_binding_is_bound_again()
    {
        await using var stage = await Stage.SetAsync(servers);
        var worker = stage.Start("--Ingest:Doors=rabbitmq");
        await worker.ReadyAsync();
        await stage.Rabbit.RemakeExchangeAsync();
        var command = Given.Register();
        await Deadline.UntilAsync("a command through the exchange", TimeSpan.FromSeconds(30), async () =>
        {
            await stage.Rabbit.PublishThroughExchangeAsync(CommandEncoder.Encode(command));
            return await stage.CountAsync("SELECT count(*) FROM commands") == 1;
        });
    }

    [Fact]
    public async Task An_exchange_of_another_type_is_reported_and_the_queue_is_consumed()
    {
        await using var stage = await Stage.SetAsync(servers);
        await stage.Rabbit.RemakeExchangeAsync(ExchangeType.Topic);
        try
        {
            var worker = stage.Start("--Ingest:Doors=rabbitmq");
            var command = Given.Register();
            await stage.Rabbit.PublishAsync(Stage.Encoded([command]));
            await stage.AppliedAsync([command]);
            await Deadline.UntilAsync("the report", TimeSpan.FromSeconds(30), async () =>
                (await worker.BodyAsync("/health/ready")).Contains(
                    "the exchange bet-commands is another one than Ingest makes",
                    StringComparison.Ordinal
                )
            );
            await stage.Rabbit.RemakeExchangeAsync();
            await worker.ReadyAsync();
        }
        finally
        {
            await stage.Rabbit.RemakeExchangeAsync();
        }
    }

    [Fact]
    public async Task A_binding_that_RabbitMQ_refuses_is_reported_and_the_queue_is_consumed()
    {
        var host = await servers.RabbitAsync();
        await using var stage = await Stage.SetAsync(servers);
        var worker = stage.Start("--Ingest:Doors=rabbitmq");
        await worker.ReadyAsync();
        try
        {
            await host.AllowWritingAsync("^amq[.]default$");
            await Deadline.UntilAsync("the report", TimeSpan.FromSeconds(60), async () =>
                (await worker.BodyAsync("/health/ready")).Contains(
                    "the exchange bet-commands cannot be bound to its queue",
                    StringComparison.Ordinal
                )
            );
            var command = Given.Register();
            await stage.Rabbit.PublishAsync(Stage.Encoded([command]));
            await stage.AppliedAsync([command]);
        }
        finally
        {
            await host.AllowWritingAsync(".*");
        }
        await worker.ReadyAsync();
    }

    static async Task<IAsyncDisposable> LockJournalAsync(Stage stage)
    {
        var connection = await stage.Postgres.OpenConnectionAsync();
        await using var take = new NpgsqlCommand("BEGIN; LOCK TABLE commands IN ACCESS EXCLUSIVE MODE", connection);
        await take.ExecuteNonQueryAsync();
        return connection;
    }
}
