using System.Collections.Concurrent;
using System.Security.Cryptography;
using Betting.Brokers;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Ingest.Receive.RabbitMq;
using Betting.Ingest.Replies;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Microsoft.Extensions.Time.Testing;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Betting.Tests.Ingest.Worker;

/// <summary>Direct reply-to addresses that somebody made up, beside good ones, on a real RabbitMQ.</summary>
public sealed class DirectReplyTests(Servers servers)
{
    const string Prefix = "amq.rabbitmq.reply-to.";

    // The channel that publishes to one of these crashes in RabbitMQ 3.10. The second one is whole, and its node is in no cluster.
    static readonly string[] MadeUp =
    [
        $"{Prefix}g2dkAA5yYWJiaXRAbG9jYWxob3N0AAAB.c29tZXRoaW5n",
        $"{Prefix}g1hkAA5yYWJiaXRAbG9jYWxob3N0AAAC5wAAAABk.AAAA==",
    ];

    [Fact]
    public async Task A_made_up_direct_address_takes_nobodys_answer()
    {
        await using var stage = await Stage.SetAsync(servers);
        var queue = await stage.Rabbit.QueueAsync("bet-replies.beside");
        await using var client = await DirectClient.OpenAsync((await servers.RabbitAsync()).Uri);
        BetCommand[] commands = [.. Enumerable.Range(1, 4000).Select(user => Given.Register(user))];
        await Task.WhenAll(
            Stage
                .Encoded(commands)
                .Index()
                .Select(command =>
                    (command.Index % 4) switch
                    {
                        0 => client.SendAsync(command.Item),
                        1 => stage.Rabbit.PublishAsync([command.Item], new BasicProperties { ReplyTo = queue }),
                        2 => stage.Rabbit.PublishAsync([command.Item], new BasicProperties { ReplyTo = MadeUp[0] }),
                        _ => stage.Rabbit.PublishAsync([command.Item], new BasicProperties { ReplyTo = MadeUp[1] }),
                    }
                )
        );

        var worker = stage.Start("--Ingest:Doors=rabbitmq", "--Ingest:ReplyWait=00:01:00");

        await stage.SomeAppliedAsync(commands.Length);
        await Soon("all answers to the queue", async () => await stage.Rabbit.CountAsync(queue) == 1000);
        await Soon("the answers to the client", () => Task.FromResult(client.Answers == 1000));
        await Soon("an account of the answers", async () =>
            await worker.MetricAsync("ingest_replies_total", "result=\"sent\"") == 2000
            && await worker.MetricAsync("ingest_replies_total", "result=\"unusable\"") == 2000
        );
        Assert.Contains($"could not be sent (RabbitMQ ends the channel over the address \"{Prefix}", worker.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("does not serve this worker", worker.Log, StringComparison.Ordinal);
        Assert.Equal(0, await worker.StopAsync());
        Assert.Equal(0u, await stage.Rabbit.CountAsync(Topics.Commands));
    }

    [Fact]
    public async Task Made_up_direct_addresses_that_all_differ_hold_up_no_command_and_no_client_that_was_answered_before()
    {
        await using var stage = await Stage.SetAsync(servers);
        await using var client = await DirectClient.OpenAsync((await servers.RabbitAsync()).Uri);
        var worker = stage.Start("--Ingest:Doors=rabbitmq", "--Ingest:ReplyWait=00:01:00");
        await client.SendAsync(Stage.Encoded([Given.Register(1)])[0]);
        await Deadline.UntilAsync("the first answer", TimeSpan.FromSeconds(30), () => Task.FromResult(client.Answers == 1));
        const int Others = 2 * RabbitConsumer.Prefetch + 1000;
        BetCommand[] others = [.. Enumerable.Range(2, Others).Select(user => Given.Register(user))];

        foreach (var chunk in Stage.Encoded(others).Chunk(1000))
        {
            await Task.WhenAll(
                chunk.Select(body =>
                    stage.Rabbit.PublishAsync([body], new BasicProperties { ReplyTo = $"{Prefix}{RandomText(30)}.{RandomText(16)}" })
                )
            );
        }
        BetCommand[] asked = [.. Enumerable.Range(Others + 2, 100).Select(user => Given.Register(user))];
        await Task.WhenAll(Stage.Encoded(asked).Select(client.SendAsync));

        // Each lot of messages that the broker delivers at once would wait for a minute.
        await stage.SomeAppliedAsync(Others + 101);
        await Soon("the answers to the client", () => Task.FromResult(client.Answers == 101));
        await Soon("an empty queue of commands", async () => await stage.Rabbit.CountAsync(Topics.Commands) == 0);
        Assert.True(await worker.MetricAsync("ingest_replies_total", "result=\"unusable\"") > 0);
        Assert.DoesNotContain("does not serve this worker", worker.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_form_of_an_address_takes_the_answers_beside_it_even_where_every_name_is_allowed()
    {
        await using var stage = await Stage.SetAsync(servers);
        var queue = await stage.Rabbit.QueueAsync("bet-replies.forms");
        var stream = $"bet-replies-stream-{Guid.NewGuid():N}";
        await stage.Rabbit.DeclareAsync(stream, new() { ["x-queue-type"] = "stream" });
        string[] forms =
        [
            .. MadeUp,
            Prefix,
            $"{Prefix}.",
            $"{Prefix}a",
            $"{Prefix}a.b",
            $"{Prefix}=.=",
            $"{Prefix}{new string('A', 255 - Prefix.Length)}",
            $"{Prefix}\u0000.\u00e9",
            "amq.direct",
            "amq.rabbitmq.trace",
            "amq.rabbitmq.log",
            "amq.gen-nobody",
            "exchange:amq.fanout",
            "rabbitmq://host/vhost/name?temporary=true",
            "/",
            " ",
            "\u0000",
            "a\nb",
            new string('q', 255),
            new string('\u00e9', 127),
            stream,
        ];
        BetCommand[] commands = [.. Enumerable.Range(1, 40 * forms.Length).Select(user => Given.Register(user))];
        foreach (var (at, body) in Stage.Encoded(commands).Index())
        {
            await stage.Rabbit.PublishAsync([body], new BasicProperties { ReplyTo = at % 2 == 0 ? queue : forms[at / 2 % forms.Length] });
        }

        var worker = stage.Start("--Ingest:Doors=rabbitmq", "--Ingest:ReplyWait=00:01:00", "--Ingest:ReplyQueues=*");

        await stage.AppliedAsync(commands);
        await Soon("all answers to the queue", async () => await stage.Rabbit.CountAsync(queue) == commands.Length / 2);
        await Soon("the answers in the stream", async () => await stage.Rabbit.CountAsync(stream) == 20);
        await Soon("an account of the answers", async () =>
            await ResultAsync("sent") + await ResultAsync("nobody-there") + await ResultAsync("unusable") == commands.Length
        );
        Assert.DoesNotContain("does not serve this worker", worker.Log, StringComparison.Ordinal);
        Assert.Equal(0, await worker.StopAsync());
        Assert.Equal(0u, await stage.Rabbit.CountAsync(Topics.Commands));
        await stage.Rabbit.DeleteAsync(stream);

        Task<double> ResultAsync(string result) => worker.MetricAsync("ingest_replies_total", $"result=\"{result}\"");
    }

    [Fact]
    public async Task An_address_that_was_good_before_and_ends_the_channel_takes_no_answer_beside_it()
    {
        var server = await servers.RabbitAsync();
        await using var rabbit = await Rabbit.OpenAsync(server);
        await using var client = await DirectClient.OpenAsync(server.Uri);
        var good = await client.AddressAsync(await rabbit.QueueAsync("bet-replies.address"), rabbit);
        var trust = new ReplyTrust(TimeProvider.System);
        // As if RabbitMQ had confirmed an answer to it, before its node left the cluster.
        Array.ForEach([good, .. MadeUp], trust.Proved);
        await using var routes = new ReplyRoutes(new RabbitMqOptions { Uri = server.Uri }, trust, TimeProvider.System);
        string[] addresses = [.. Enumerable.Range(0, 1000).Select(at => at is 300 or 700 ? MadeUp[at / 500] : good)];

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30), TimeProvider.System);
        var results = await Task.WhenAll(
            addresses
                .Index()
                .Select(address =>
                    routes.SendAsync(
                        address.Item,
                        new BasicProperties { CorrelationId = $"{address.Index}" },
                        "{}"u8.ToArray(),
                        limit.Token
                    )
                )
        );

        Assert.Equal(addresses.Select(address => address == good ? ReplyRoutes.Sent : ReplyRoutes.Unusable), results);
        await Soon("the answers to the client", () => Task.FromResult(client.Answers == 998));
        Assert.Equal((Trust.Shared, Trust.Unusable, Trust.Unusable), (trust.Of(good), trust.Of(MadeUp[0]), trust.Of(MadeUp[1])));
    }

    [Fact]
    public void What_is_known_of_an_address_is_forgotten_after_a_minute_and_a_queue_is_alone_only_in_doubt()
    {
        var clock = new FakeTimeProvider();
        var trust = new ReplyTrust(clock);
        Assert.Equal((Trust.Alone, Trust.Shared), (trust.Of(MadeUp[0]), trust.Of("bet-replies.a")));

        trust.Refuse(MadeUp[0]);
        trust.Doubt("bet-replies.a");
        clock.Advance(ReplyTrust.RememberFor - TimeSpan.FromSeconds(1));
        Assert.Equal((Trust.Unusable, Trust.Alone), (trust.Of(MadeUp[0]), trust.Of("bet-replies.a")));

        clock.Advance(TimeSpan.FromSeconds(1));
        trust.Proved("bet-replies.a");
        Assert.Equal((Trust.Alone, Trust.Shared), (trust.Of(MadeUp[0]), trust.Of("bet-replies.a")));
        trust.Proved(MadeUp[0]);
        Assert.Equal(Trust.Shared, trust.Of(MadeUp[0]));
        trust.Doubt(MadeUp[0]);
        Assert.Equal(Trust.Alone, trust.Of(MadeUp[0]));
    }

    static Task Soon(string what, Func<Task<bool>> condition) => Deadline.UntilAsync(what, TimeSpan.FromSeconds(10), condition);

    static string RandomText(int bytes) => Convert.ToBase64String(RandomNumberGenerator.GetBytes(bytes));

    /// <summary>A publisher that is answered over direct reply-to.</summary>
    sealed class DirectClient : IAsyncDisposable
    {
        readonly ConcurrentBag<string?> _answers = [];
        readonly IConnection _connection;
        readonly IChannel _channel;

        DirectClient(IConnection connection, IChannel channel) => (_connection, _channel) = (connection, channel);

        public int Answers => _answers.Distinct().Count();

        public static async Task<DirectClient> OpenAsync(string uri)
        {
            var connection = await new ConnectionFactory { Uri = new Uri(uri) }.CreateConnectionAsync();
            var client = new DirectClient(connection, await connection.CreateChannelAsync(new CreateChannelOptions(true, true, null)));
            var consumer = new AsyncEventingBasicConsumer(client._channel);
            consumer.ReceivedAsync += (_, answer) =>
            {
                client._answers.Add(answer.BasicProperties.CorrelationId);
                return Task.CompletedTask;
            };
            await client._channel.BasicConsumeAsync("amq.rabbitmq.reply-to", autoAck: true, consumer);
            return client;
        }

        public Task SendAsync(byte[] body)
        {
            var properties = new BasicProperties { ReplyTo = "amq.rabbitmq.reply-to", CorrelationId = Guid.NewGuid().ToString() };
            return _channel.BasicPublishAsync("", Topics.Commands, mandatory: true, properties, body).AsTask();
        }

        /// <summary>The address that RabbitMQ gives this client.</summary>
        public async Task<string> AddressAsync(string queue, Rabbit rabbit)
        {
            var properties = new BasicProperties { ReplyTo = "amq.rabbitmq.reply-to" };
            await _channel.BasicPublishAsync("", queue, mandatory: true, properties, "{}"u8.ToArray());
            return (await rabbit.TakeAsync(queue))!.BasicProperties.ReplyTo!;
        }

        public async ValueTask DisposeAsync()
        {
            await _channel.DisposeAsync();
            await _connection.DisposeAsync();
        }
    }
}
