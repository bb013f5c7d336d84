using Betting.Brokers;
using Betting.Contracts;
using Betting.Ingest.Messages;
using Betting.Ingest.RabbitMq;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;

namespace Betting.Ingest.DeadLetters;

/// <summary>
/// The queue <c>bet-commands.dead-letter</c>, written with publisher confirms: body, properties and headers of the original, and ours.
/// </summary>
public sealed class RabbitDeadLetters(IOptions<RabbitMqOptions> rabbit, RabbitQueues queues, TimeProvider clock)
    : ILetterBroker,
        IAsyncDisposable
{
    static readonly string Queue = Topics.DeadLetter(Topics.Commands);

    // A broker that is killed at the wrong moment leaves calls without an answer; whoever sends tries again.
    static readonly TimeSpan Timeout = LetterRoute.TableAfter;

    readonly SemaphoreSlim _one = new(1);
    IConnection? _connection;
    ConfirmedChannel? _channel;
    volatile bool _isBlocked;

    public async Task SendAsync(IReadOnlyList<DeadLetter> letters, bool isShortened, CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            using var limit = new CancellationTokenSource(Timeout, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
            var channel = await OpenAsync(either.Token);
            if (_isBlocked)
            {
                throw new BlockedBrokerException();
            }
            await Task.WhenAll(letters.Select(letter => SendAsync(channel, letter, isShortened, cancellation)))
                .WaitAsync(Timeout, clock, cancellation);
        }
        catch (Exception) when (_isBlocked && _channel is { IsOpen: true } && !cancellation.IsCancellationRequested)
        {
            // Under a resource alarm the broker reads nothing from a publisher, not even a goodbye. What this connection holds it takes
            // when the alarm ends, so the connection stays, and nothing more is given to it until then.
            throw;
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

    public bool IsRefusal(Exception failure) => RabbitRefusals.IsRefusal(failure);

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _one.Dispose();
    }

    // Mandatory: a letter that reaches no queue is an error, not a confirm.
    async Task SendAsync(ConfirmedChannel channel, DeadLetter letter, bool isShortened, CancellationToken cancellation)
    {
        var frame = RabbitLetterForm.HeaderLimit(_connection);
        var (properties, body) = isShortened ? RabbitLetterForm.Shortened(letter, frame) : RabbitLetterForm.Whole(letter, frame);
        await channel.PublishAsync(Queue, mandatory: true, properties, body, cancellation);
        letter.IsAside = true;
    }

    // Dead letters are rare: the connection is made when the first one comes, and again after it broke.
    async Task<ConfirmedChannel> OpenAsync(CancellationToken cancellation)
    {
        // Another queue of that name may lose what it confirms.
        if (_channel is { IsOpen: true } && queues.FailureOf(Queue) is not QueueMismatchException)
        {
            return _channel;
        }
        await CloseAsync();
        _connection = await RabbitConnection.OpenAsync(rabbit.Value, "ingest dead letters", cancellation);
        _isBlocked = false;
        _connection.ConnectionBlockedAsync += (_, _) => SetBlocked(true);
        _connection.ConnectionUnblockedAsync += (_, _) => SetBlocked(false);
        await queues.DeclareAsync(_connection, Queue, isCancelled: false, cancellation);
        _channel = await ConfirmedChannel.OpenAsync(_connection, cancellation);
        return _channel;
    }

    Task SetBlocked(bool isBlocked)
    {
        _isBlocked = isBlocked;
        return Task.CompletedTask;
    }

    async Task CloseAsync()
    {
        var connection = _connection;
        (_connection, _channel) = (null, null);
        await RabbitConnection.LeaveAsync(connection);
    }
}

/// <summary>RabbitMQ has a memory or disk alarm.</summary>
sealed class BlockedBrokerException() : IOException("RabbitMQ takes nothing while it has a memory or disk alarm");
