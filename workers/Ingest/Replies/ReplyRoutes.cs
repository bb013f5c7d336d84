using Betting.Brokers;
using Betting.Ingest.Receive.RabbitMq;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Betting.Ingest.Replies;

/// <summary>
/// Sends answers so that an address over which RabbitMQ ends the channel costs the others nothing: answers to queues share one lane,
/// those to proven direct reply-to addresses share another, and an address that is not proven is sent to alone.
/// </summary>
public sealed class ReplyRoutes(RabbitMqOptions rabbit, ReplyTrust trust, TimeProvider clock) : IAsyncDisposable
{
    public const string Sent = "sent",
        Unusable = "unusable",
        GivenUp = "given-up";

    // RabbitMQ takes an answer to a direct reply-to address without waiting for anybody.
    static readonly TimeSpan AloneLimit = TimeSpan.FromSeconds(1);

    // Beyond it an answer is given up at once: messages over direct reply-to are acknowledged while their answers still wait.
    const int MostInLine = RabbitConsumer.Prefetch;

    readonly SemaphoreSlim _turn = new(1);
    readonly ReplyLane _queues = new(rabbit, "ingest replies", clock);
    readonly ReplyLane _direct = new(rabbit, "ingest direct replies", clock);
    readonly ReplyLane _alone = new(rabbit, "ingest single replies", clock);
    int _inLine;

    /// <summary>Sends one answer; returns when RabbitMQ has confirmed it, or when trying again is of no use.</summary>
    /// <returns><see cref="Sent"/>, <see cref="Unusable"/> or <see cref="GivenUp"/>.</returns>
    /// <exception cref="PublishException">RabbitMQ returned or refused the answer.</exception>
    /// <exception cref="OperationCanceledException">The limit is over.</exception>
    public async Task<string> SendAsync(string queue, BasicProperties properties, ReadOnlyMemory<byte> body, CancellationToken limit)
    {
        while (true)
        {
            var result = trust.Of(queue) switch
            {
                Trust.Unusable => Unusable,
                Trust.Shared => await TrySharedAsync(queue, properties, body, limit),
                _ => await TryInLineAsync(queue, properties, body, limit),
            };
            if (result is not null)
            {
                return result;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _queues.DisposeAsync();
        await _direct.DisposeAsync();
        await _alone.DisposeAsync();
        _turn.Dispose();
    }

    // Null where the address is in doubt now.
    async Task<string?> TrySharedAsync(string queue, BasicProperties properties, ReadOnlyMemory<byte> body, CancellationToken limit)
    {
        var channel = await (ReplyTrust.IsDirect(queue) ? _direct : _queues).OpenAsync(limit);
        try
        {
            await PublishAsync(channel, queue, properties, body, limit);
            return Sent;
        }
        catch (OperationInterruptedException ended) when (ReplyTrust.IsEndedByBroker(ended))
        {
            trust.Doubt(queue);
            return null;
        }
    }

    // Null where something became known of the address meanwhile.
    async Task<string?> TryInLineAsync(string queue, BasicProperties properties, ReadOnlyMemory<byte> body, CancellationToken limit)
    {
        try
        {
            if (Interlocked.Increment(ref _inLine) > MostInLine)
            {
                return GivenUp;
            }
            await _turn.WaitAsync(limit);
            try
            {
                return trust.Of(queue) == Trust.Alone ? await SendAloneAsync(queue, properties, body, limit) : null;
            }
            finally
            {
                _turn.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _inLine);
        }
    }

    async Task<string> SendAloneAsync(string queue, BasicProperties properties, ReadOnlyMemory<byte> body, CancellationToken limit)
    {
        var channel = await _alone.OpenAsync(limit);
        using var wait = new CancellationTokenSource(AloneLimit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit, wait.Token);
        try
        {
            await PublishAsync(channel, queue, properties, body, either.Token);
            trust.Proved(queue);
            return Sent;
        }
        catch (PublishException)
        {
            trust.Proved(queue);
            throw;
        }
        catch (OperationInterruptedException ended) when (ReplyTrust.IsEndedByBroker(ended))
        {
            await _alone.CloseAsync();
            trust.Refuse(queue);
            return Unusable;
        }
        catch (Exception failure) when (failure is OperationInterruptedException or OperationCanceledException)
        {
            // Whoever is next is not alone on this channel.
            await _alone.CloseAsync();
            if (ReplyTrust.IsDirect(queue) && !RabbitTrouble.IsRefused(failure))
            {
                // RabbitMQ keeps nothing for such a client, which asks again: not sent twice.
                return GivenUp;
            }
            throw;
        }
    }

    // The default exchange: to the queue of that name and nowhere else. Mandatory: a client that is gone is seen. Not over direct reply-to:
    // RabbitMQ has no queue there, and returns a mandatory message as unroutable, delivered or not.
    static Task PublishAsync(
        ConfirmedChannel channel,
        string queue,
        BasicProperties properties,
        ReadOnlyMemory<byte> body,
        CancellationToken cancellation
    ) => channel.PublishAsync(queue, mandatory: !ReplyTrust.IsDirect(queue), properties, body, cancellation);
}
