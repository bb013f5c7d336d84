using Betting.Connections;
using Betting.Contracts;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;

namespace Betting.Ingest.DeadLetters;

/// <summary>The durable queue <c>bet-commands.dead-letter</c>, written with publisher confirms.</summary>
public sealed class RabbitDeadLetters(IOptions<RabbitMqOptions> rabbit) : IDeadLetters, IAsyncDisposable
{
    static readonly string Queue = Topics.DeadLetter(Topics.Commands);

    readonly SemaphoreSlim _one = new(1);
    IConnection? _connection;
    IChannel? _channel;

    public async Task SendAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            var channel = await OpenAsync(cancellation);
            await Task.WhenAll(letters.Select(letter => PublishAsync(channel, letter, cancellation)));
        }
        finally
        {
            _one.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _one.Dispose();
    }

    // Dead letters are rare: the connection is made when the first one comes, and again after it broke.
    async Task<IChannel> OpenAsync(CancellationToken cancellation)
    {
        if (_channel is { IsOpen: true })
        {
            return _channel;
        }
        await CloseAsync();
        _connection = await RabbitConnection.OpenAsync(rabbit.Value, "ingest dead letters", cancellation);
        _channel = await _connection.CreateChannelAsync(RabbitConnection.Confirmed, cancellation);
        await _channel.QueueDeclareAsync(Queue, durable: true, exclusive: false, autoDelete: false, cancellationToken: cancellation);
        return _channel;
    }

    async Task CloseAsync()
    {
        if (_channel is not null)
        {
            await _channel.DisposeAsync();
        }
        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }
        (_channel, _connection) = (null, null);
    }

    static async Task PublishAsync(IChannel channel, DeadLetter letter, CancellationToken cancellation)
    {
        var properties = new BasicProperties
        {
            Persistent = true,
            Headers = letter.Headers.GroupBy(header => header.Key).ToDictionary(group => group.Key, group => (object?)group.Last().Value),
        };
        // Mandatory: a letter that reaches no queue is an error, not a confirm.
        await channel.BasicPublishAsync("", Queue, mandatory: true, properties, letter.Delivery.Body, cancellation);
    }
}
