using Betting.Connections;
using Betting.Contracts;
using Betting.Local.Engines;
using RabbitMQ.Client;

namespace Betting.Tests.Ingest.Worker;

/// <summary>Both queues of the RabbitMQ door, from a publisher's and an operator's side.</summary>
sealed class Rabbit(IConnection connection, IChannel channel) : IAsyncDisposable
{
    public static readonly string DeadLetters = Topics.DeadLetter(Topics.Commands);

    /// <summary>Connects and empties the queues of the test before.</summary>
    public static async Task<Rabbit> OpenAsync(RabbitServer server, bool purge = true)
    {
        var connection = await new ConnectionFactory { Uri = new Uri(server.Uri) }.CreateConnectionAsync();
        var channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true, null));
        await CommandQueue.DeclareAsync(connection, QueueKind.Quorum, CancellationToken.None);
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

    public Task<uint> CountAsync(string queue) => channel.MessageCountAsync(queue);

    /// <summary>An empty queue of the test's own, gone with its connection.</summary>
    public async Task<string> QueueAsync(string name) => (await channel.QueueDeclareAsync(name, durable: false, exclusive: true, autoDelete: true)).QueueName;

    /// <summary>Takes one message, which is gone then.</summary>
    public async Task<BasicGetResult?> TakeAsync(string queue) => await channel.BasicGetAsync(queue, autoAck: true);

    /// <summary>Takes one message and gives it back, as a consumer that crashed would.</summary>
    public async Task RefuseAsync(string queue)
    {
        if (await channel.BasicGetAsync(queue, autoAck: false) is { } message)
        {
            await channel.BasicNackAsync(message.DeliveryTag, multiple: false, requeue: true);
        }
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
