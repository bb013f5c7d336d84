using Betting.Connections;
using Betting.Contracts;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;

namespace Betting.Ingest.DeadLetters;

/// <summary>The queue <c>bet-commands.dead-letter</c>, written with publisher confirms: body, properties and headers of the original, and ours.</summary>
public sealed class RabbitDeadLetters(IOptions<RabbitMqOptions> rabbit, IOptions<IngestOptions> options, TimeProvider clock) : IDeadLetters, IAsyncDisposable
{
    static readonly string Queue = Topics.DeadLetter(Topics.Commands);

    // A broker that is killed at the wrong moment leaves calls without an answer; whoever sends tries again.
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    readonly SemaphoreSlim _one = new(1);
    IConnection? _connection;
    IChannel? _channel;

    public async Task SendAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        using var limit = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            var channel = await OpenAsync(either.Token);
            // Mandatory: a letter that reaches no queue is an error, not a confirm.
            await Task.WhenAll(letters.Select(letter =>
                channel.BasicPublishAsync("", Queue, mandatory: true, Properties(letter), letter.Delivery.Body, either.Token).AsTask()));
        }
        catch
        {
            await CloseAsync();
            throw;
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
        await CommandQueue.DeclareAsync(_connection, options.Value.Queue, cancellation);
        _channel = await _connection.CreateChannelAsync(RabbitConnection.Confirmed, cancellation);
        return _channel;
    }

    async Task CloseAsync()
    {
        var connection = _connection;
        (_connection, _channel) = (null, null);
        await RabbitConnection.LeaveAsync(connection);
    }

    static BasicProperties Properties(DeadLetter letter)
    {
        var original = letter.Delivery.Original as IReadOnlyBasicProperties;
        var properties = RabbitHeaders.Copy(original, DeadLetter.Keeps);
        foreach (var (name, value) in letter.Headers)
        {
            properties.Headers![name] = value;
        }
        return properties;
    }
}
