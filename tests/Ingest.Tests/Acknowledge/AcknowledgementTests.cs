using Betting.Brokers;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Hosting;
using Betting.Ingest;
using Betting.Ingest.Acknowledge;
using Betting.Ingest.Attempts;
using Betting.Ingest.Decode;
using Betting.Ingest.Messages;
using Betting.Ingest.RabbitMq;
using Betting.Ingest.Receive.RabbitMq;
using Betting.Ingest.Replies;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Betting.Tests.Ingest.Failures;
using Betting.Tests.Ingest.Store;
using Betting.Tests.Ingest.Worker;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;

namespace Betting.Tests.Ingest.Acknowledge;

/// <summary>Acknowledgements of many messages at once, on a real RabbitMQ.</summary>
public sealed class AcknowledgementTests(Servers servers)
{
    // The door has two batches in hand, so twenty messages must not make three.
    static readonly IngestOptions Tens = new()
    {
        MaxIssuedAhead = TimeSpan.FromDays(365),
        BatchSize = 10,
        Linger = TimeSpan.FromSeconds(30),
    };

    [Fact]
    public async Task A_batch_is_not_acknowledged_while_the_dead_letters_of_the_one_before_are_not_written()
    {
        await using var database = await Database.CreateAsync(servers, Tens);
        var server = await servers.RabbitAsync();
        await using var rabbit = await Rabbit.OpenAsync(server);
        BetCommand[] good = [.. Enumerable.Range(1, 19).Select(user => Given.Register(user))];
        await rabbit.PublishAsync(["poison"u8.ToArray(), .. Stage.Encoded(good)]);
        using var metrics = new IngestMetrics(TimeProvider.System);
        var letters = new HeldDeadLetters();
        var inbox = new RabbitInbox(Options.Create(Tens), TimeProvider.System);
        var reader = new RabbitReader(inbox, new ReplyRules(Options.Create(Tens), metrics), NullLogger<RabbitReader>.Instance);
        var options = new RabbitMqOptions { Uri = server.Uri };
        await using var replies = new RabbitReplies(
            Options.Create(options),
            Options.Create(Tens),
            new FirstOutcomes(database.Transactions),
            metrics,
            Availability.Outages(new Readiness()),
            new StoreFailures([]),
            TimeProvider.System,
            NullLogger<RabbitReplies>.Instance
        );
        var availability = Availability.Of(database, new Readiness());
        var handler = new BatchHandler(
            RabbitDoor.Door,
            database.Transaction,
            letters,
            availability,
            new FollowedCommands(FollowedIds.None, NullLogger<FollowedCommands>.Instance),
            metrics,
            TimeProvider.System,
            NullLogger.Instance
        );
        using var queues = new RabbitQueues(Options.Create(Tens), metrics, TimeProvider.System, NullLogger<RabbitQueues>.Instance);
        var returns = new RabbitReturns(Options.Create(options), queues, letters, TimeProvider.System, NullLogger<RabbitReturns>.Instance);
        var door = new RabbitDoor(
            inbox,
            reader,
            handler,
            replies,
            returns,
            Options.Create(Tens),
            metrics,
            new Heartbeats(TimeProvider.System),
            TimeProvider.System
        );
        using var stop = new CancellationTokenSource();
        var consumer = await RabbitConsumer.StartAsync(
            options,
            inbox,
            deletions: 0,
            NullLogger.Instance,
            TestContext.Current.CancellationToken
        );
        var running = door.RunAsync(stop.Token);

        // Both batches are committed, and the letter of the first is on its way.
        await Deadline.UntilAsync("both batches", TimeSpan.FromSeconds(60), async () =>
            await database.ScalarAsync<long>("SELECT count(*) FROM users") == good.Length
        );
        await letters.Asked.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        await consumer.LeaveAsync().WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        await Deadline.UntilAsync("all messages in the queue", TimeSpan.FromSeconds(20), async () =>
            await rabbit.CountAsync(Topics.Commands) == good.Length + 1
        );
        // The next consumer of the queue has them, so the batches of this one are abandoned.
        await letters.GivenUp.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        await stop.CancelAsync();
        await running.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Equal(good.Length + 1, (int)await rabbit.CountAsync(Topics.Commands));
    }

    [Fact]
    public async Task Messages_that_wait_for_answers_among_others_that_do_not_are_acknowledged_once_each()
    {
        await using var stage = await Stage.SetAsync(servers);
        var replies = await stage.Rabbit.QueueAsync("bet-replies.some");
        BetCommand[] commands = [Given.Register(), .. Enumerable.Range(0, 999).Select(_ => Given.Deposit(1_00))];
        foreach (var (at, body) in Stage.Encoded(commands).Index())
        {
            await stage.Rabbit.PublishAsync([body], at % 7 == 3 ? new BasicProperties { ReplyTo = replies } : new BasicProperties());
        }

        var worker = stage.Start("--Ingest:Doors=rabbitmq", "--Ingest:BatchSize=20");
        await stage.AppliedAsync(commands);
        await Deadline.UntilAsync("the answers", TimeSpan.FromSeconds(30), async () =>
            await stage.Rabbit.CountAsync(replies) == Enumerable.Range(0, commands.Length).Count(at => at % 7 == 3)
        );
        Assert.Equal(0, await worker.StopAsync());

        // An acknowledgement too many would have closed the channel and brought messages again, one too few leaves them in the queue.
        Assert.Equal(0u, await stage.Rabbit.CountAsync(Topics.Commands));
        Assert.DoesNotContain("is lost", worker.Log, StringComparison.Ordinal);
    }

    sealed class HeldDeadLetters : IDeadLetters
    {
        readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously),
            _givenUp = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Asked => _asked.Task;

        public Task GivenUp => _givenUp.Task;

        public Task SendAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellation)
        {
            if (letters.Count == 0)
            {
                return Task.CompletedTask;
            }
            _asked.TrySetResult();
            cancellation.Register(() => _givenUp.TrySetResult());
            return Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation);
        }
    }
}
