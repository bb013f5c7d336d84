using Betting.Connections;
using Betting.Hosting;
using Betting.Ingest.DeadLetters;
using Betting.Ingest.Doors;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Betting.Ingest.Replies;

/// <summary>
/// Sends outcomes to who waits for them, after they are durable. A message is acknowledged only when its answer is with the
/// broker, was refused by it, or was given up after <c>Ingest:ReplyWait</c>: so a crash in between delivers it again and answers again. The
/// prefetch count bounds how many wait; batches do not wait, but the broker delivers nothing more while as many wait as it allows.
/// </summary>
public sealed class RabbitReplies(
    IOptions<RabbitMqOptions> rabbit, IOptions<IngestOptions> options, FirstOutcomes firsts, IngestMetrics metrics, Outages outages, StoreFailures failures, TimeProvider clock, ILogger<RabbitReplies> log) : IAsyncDisposable
{
    static readonly TimeSpan SayAgainAfter = TimeSpan.FromMinutes(1);

    readonly SemaphoreSlim _opening = new(1);
    IConnection? _connection;
    IChannel? _channel;
    long? _said;

    /// <summary>Answers messages of one batch and acknowledges each with its answer. Never fails.</summary>
    public async Task AnswerAsync(IReadOnlyList<RabbitMessage> messages)
    {
        using var limit = new CancellationTokenSource(options.Value.ReplyWait, clock);
        var first = await FirstsAsync(messages, limit.Token);
        await Task.WhenAll(messages.Select(message => AnswerAsync(message, first, limit.Token)));
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _opening.Dispose();
    }

    async Task<Dictionary<Guid, Answer>> FirstsAsync(IReadOnlyList<RabbitMessage> messages, CancellationToken limit)
    {
        Guid[] ids = [.. messages.Select(message => message.Delivery.Answer!).Where(FirstOutcomes.IsAsked).Select(answer => answer.CommandId!.Value)];
        try
        {
            return ids.Length == 0 ? [] : await firsts.ReadAsync(ids, limit);
        }
        catch (Exception failure)
        {
            // They are told that it is a duplicate; of what, they can ask again.
            Say(failure);
            return [];
        }
    }

    async Task AnswerAsync(RabbitMessage message, Dictionary<Guid, Answer> firsts, CancellationToken limit)
    {
        var (to, answer) = (message.Delivery.Reply!, message.Delivery.Answer!);
        var duplicate = FirstOutcomes.IsAsked(answer);
        if (duplicate)
        {
            answer = firsts.GetValueOrDefault(answer.CommandId!.Value, answer);
        }
        metrics.Reply(await TrySendAsync(to, ReplyText.Write(answer, duplicate, to, clock.GetUtcNow().UtcDateTime), limit));
        await message.Consumer.AnsweredAsync(message);
    }

    async Task<string> TrySendAsync(ReplyAddress to, ReadOnlyMemory<byte> body, CancellationToken limit)
    {
        var properties = new BasicProperties { ContentType = to.Request is null ? ReplyText.RawType : ReplyText.EnvelopeType, CorrelationId = to.CorrelationId };
        while (true)
        {
            try
            {
                var channel = await OpenAsync(limit);
                // The default exchange: to the queue of that name and nowhere else. Mandatory: a client that is gone is seen.
                await channel.BasicPublishAsync("", to.Queue, mandatory: !IsDirect(to.Queue), properties, body, limit);
                return "sent";
            }
            catch (PublishException gone) when (gone.IsReturn)
            {
                return "nobody-there";
            }
            catch (PublishException)
            {
                // basic.nack: a full queue is still full moments later, and the messages of all publishers would wait with this one.
                Report($"RabbitMQ did not take it into {AmqpText.Of(to.Queue)}, which is what a full queue with reject-publish does");
                return "not-taken";
            }
            catch (Exception failure)
            {
                if (limit.IsCancellationRequested || !await PausedAsync(limit))
                {
                    Say(failure);
                    return "given-up";
                }
            }
        }
    }

    // RabbitMQ delivers a message to a direct reply-to address without a queue, and returns it as unroutable if it is mandatory, delivered or not.
    static bool IsDirect(string queue) => queue.StartsWith("amq.rabbitmq.reply-to.", StringComparison.Ordinal);

    async Task<bool> PausedAsync(CancellationToken limit)
    {
        try
        {
            await Task.Delay(TimeSpan.FromMilliseconds(200), clock, limit);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    async Task<IChannel> OpenAsync(CancellationToken cancellation)
    {
        if (_channel is { IsOpen: true } open)
        {
            return open;
        }
        await _opening.WaitAsync(cancellation);
        try
        {
            if (_channel is not { IsOpen: true })
            {
                await CloseAsync();
                _connection = await RabbitConnection.OpenAsync(rabbit.Value, "ingest replies", cancellation);
                _channel = await _connection.CreateChannelAsync(RabbitConnection.Confirmed, cancellation);
            }
            return _channel;
        }
        finally
        {
            _opening.Release();
        }
    }

    async Task CloseAsync()
    {
        var connection = _connection;
        (_connection, _channel) = (null, null);
        await RabbitConnection.LeaveAsync(connection);
    }

    void Say(Exception failure)
    {
        var known = failures.Recognise(failure);
        if (known is var (store, _) && outages.IsAway(store.Name))
        {
            // Told already, once for all that it means.
            return;
        }
        Report(known?.Detail ?? failure.GetType().Name);
    }

    void Report(string detail)
    {
        if (_said is null || clock.GetElapsedTime(_said.Value) >= SayAgainAfter)
        {
            _said = clock.GetTimestamp();
            IngestLog.ReplyNotSent(log, detail);
        }
    }
}
