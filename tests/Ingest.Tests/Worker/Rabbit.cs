using System.Collections.Concurrent;
using Betting.Brokers;
using Betting.Contracts;
using Betting.Local.Engines;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;

namespace Betting.Tests.Ingest.Worker;

/// <summary>Both queues of the RabbitMQ door, from a publisher's and an operator's side.</summary>
sealed class Rabbit(IConnection connection, IChannel channel) : IAsyncDisposable
{
    public static readonly string DeadLetters = Topics.DeadLetter(Topics.Commands);

    /// <summary>Connects, makes the queues, also where the test before has left others of their names, and empties them.</summary>
    public static async Task<Rabbit> OpenAsync(RabbitHost server, bool purge = true)
    {
        var connection = await new ConnectionFactory { Uri = new Uri(server.Uri), TopologyRecoveryEnabled = false }.CreateConnectionAsync();
        var channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true, null));
        foreach (var queue in CommandQueue.Names)
        {
            try
            {
                await CommandQueue.DeclareAsync(connection, queue, QueueKind.Quorum, CancellationToken.None);
            }
            catch (QueueMismatchException)
            {
                await channel.QueueDeleteAsync(queue);
                await CommandQueue.DeclareAsync(connection, queue, QueueKind.Quorum, CancellationToken.None);
            }
        }
        foreach (var queue in purge ? [Topics.Commands, DeadLetters] : Array.Empty<string>())
        {
            await channel.QueuePurgeAsync(queue);
        }
        return new Rabbit(connection, channel);
    }

    public Task PublishAsync(IEnumerable<byte[]> messages, string contentType = "application/json") =>
        PublishAsync(messages, new BasicProperties { Persistent = true, ContentType = contentType });

    public async Task PublishAsync(IEnumerable<byte[]> messages, BasicProperties properties)
    {
        foreach (var chunk in messages.Chunk(1000))
        {
            await Task.WhenAll(chunk.Select(body => channel.BasicPublishAsync("", Topics.Commands, true, properties, body).AsTask()));
        }
    }

    /// <summary>
    /// Publishes until all are confirmed, as publishers do: RabbitMQ 3.10 may refuse messages to a queue that was just made anew, and the
    /// connection may have been lost.
    /// </summary>
    public Task PublishToNewQueueAsync(byte[][] messages) =>
        Deadline.UntilAsync("confirms of the new queue", TimeSpan.FromSeconds(30), async () =>
        {
            try
            {
                await PublishAsync(messages);
                return true;
            }
            catch (Exception refused) when (refused is PublishException or OperationInterruptedException)
            {
                return false;
            }
        });

    /// <summary>To any queue.</summary>
    public Task PublishToAsync(string queue, byte[] body) =>
        channel.BasicPublishAsync("", queue, true, new BasicProperties { Persistent = true }, body).AsTask();

    /// <summary>Dead letters as a worker writes them.</summary>
    public Task PublishLettersAsync(params byte[][] bodies) =>
        Task.WhenAll(
            bodies
                .Index()
                .Select(letter =>
                    channel
                        .BasicPublishAsync(
                            "",
                            DeadLetters,
                            true,
                            new BasicProperties
                            {
                                Persistent = true,
                                Headers = new Dictionary<string, object?>
                                {
                                    ["dead-letter-from"] = $"{Topics.Commands}#{letter.Index + 1}",
                                    ["dead-letter-reason"] = "a test",
                                },
                            },
                            letter.Item
                        )
                        .AsTask()
                )
        );

    /// <summary>The exchange of MassTransit's publishers is deleted and made again, as they make it, without its binding.</summary>
    public async Task RemakeExchangeAsync(string type = ExchangeType.Fanout)
    {
        await channel.ExchangeDeleteAsync(Topics.Commands);
        await channel.ExchangeDeclareAsync(Topics.Commands, type, durable: true);
    }

    /// <summary>As MassTransit does by default: what no queue takes is confirmed and gone.</summary>
    public Task PublishThroughExchangeAsync(byte[] body) =>
        channel.BasicPublishAsync(Topics.Commands, "", false, new BasicProperties { Persistent = true }, body).AsTask();

    /// <summary>The queue is gone, with what it has.</summary>
    public Task DeleteAsync(string queue) => channel.QueueDeleteAsync(queue);

    public Task<uint> CountAsync(string queue) => channel.MessageCountAsync(queue);

    /// <summary>An empty queue of the test's own, gone with its connection.</summary>
    public async Task<string> QueueAsync(string name) =>
        (await channel.QueueDeclareAsync(name, durable: false, exclusive: true, autoDelete: true)).QueueName;

    /// <summary>A durable queue as somebody else made it.</summary>
    public Task DeclareAsync(string queue, Dictionary<string, object?> arguments) =>
        channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false, arguments);

    /// <summary>
    /// Takes one message, which is gone then. Not of the queue of commands: RabbitMQ has no basic.get where one consumer is active.
    /// </summary>
    public async Task<BasicGetResult?> TakeAsync(string queue) => await channel.BasicGetAsync(queue, autoAck: true);

    /// <summary>Takes this many commands in their order, which are gone then.</summary>
    public async Task<List<BasicDeliverEventArgs>> TakeCommandsAsync(int count)
    {
        await using var reading = await connection.CreateChannelAsync();
        var taken = new ConcurrentQueue<BasicDeliverEventArgs>();
        await reading.BasicQosAsync(0, (ushort)Math.Min(count, ushort.MaxValue), global: false);
        await reading.BasicConsumeAsync(Topics.Commands, autoAck: false, Keeping(reading, taken));
        await Deadline.UntilAsync($"{count} messages", TimeSpan.FromSeconds(60), () => Task.FromResult(taken.Count >= count));
        await reading.BasicAckAsync(taken.Last().DeliveryTag, multiple: true);
        return [.. taken];
    }

    /// <summary>Takes one command and gives it back, as a consumer that crashed would.</summary>
    public async Task RefuseCommandAsync()
    {
        await using var reading = await connection.CreateChannelAsync();
        var taken = new ConcurrentQueue<BasicDeliverEventArgs>();
        await reading.BasicQosAsync(0, 1, global: false);
        await reading.BasicConsumeAsync(Topics.Commands, autoAck: false, Keeping(reading, taken));
        await Deadline.UntilAsync("a message, or an empty queue", TimeSpan.FromSeconds(60), async () =>
            !taken.IsEmpty || await CountAsync(Topics.Commands) == 0
        );
    }

    /// <summary>Consumes commands and acknowledges none, until it is disposed; returns when it has received one.</summary>
    /// <param name="prefetch">Messages that it holds at most; 0 for any number.</param>
    public Task<IAsyncDisposable> HoldCommandsAsync(ushort prefetch) => HoldAsync(Topics.Commands, prefetch);

    /// <summary>The same of any queue.</summary>
    public async Task<IAsyncDisposable> HoldAsync(string queue, ushort prefetch)
    {
        var holding = await connection.CreateChannelAsync();
        var taken = new ConcurrentQueue<BasicDeliverEventArgs>();
        await holding.BasicQosAsync(0, prefetch, global: false);
        await holding.BasicConsumeAsync(queue, autoAck: false, Keeping(holding, taken));
        await Deadline.UntilAsync("a message", TimeSpan.FromSeconds(30), () => Task.FromResult(!taken.IsEmpty));
        return holding;
    }

    // The client lends the body until the handler returns.
    static AsyncEventingBasicConsumer Keeping(IChannel reading, ConcurrentQueue<BasicDeliverEventArgs> taken)
    {
        var consumer = new AsyncEventingBasicConsumer(reading);
        consumer.ReceivedAsync += (_, delivered) =>
        {
            taken.Enqueue(
                new BasicDeliverEventArgs(
                    delivered.ConsumerTag,
                    delivered.DeliveryTag,
                    delivered.Redelivered,
                    delivered.Exchange,
                    delivered.RoutingKey,
                    delivered.BasicProperties,
                    delivered.Body.ToArray()
                )
            );
            return Task.CompletedTask;
        };
        return consumer;
    }

    /// <summary>Whether somebody has made this queue.</summary>
    public async Task<bool> ExistsAsync(string queue)
    {
        await using var probe = await connection.CreateChannelAsync();
        try
        {
            await probe.QueueDeclarePassiveAsync(queue);
            return true;
        }
        catch (RabbitMQ.Client.Exceptions.OperationInterruptedException absent) when (absent.ShutdownReason?.ReplyCode == 404)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await channel.DisposeAsync();
        await connection.DisposeAsync();
    }
}
