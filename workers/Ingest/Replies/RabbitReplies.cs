using Betting.Brokers;
using Betting.Connections;
using Betting.Hosting;
using Betting.Ingest.Messages;
using Betting.Ingest.RabbitMq;
using Betting.Ingest.Receive.RabbitMq;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Betting.Ingest.Replies;

/// <summary>
/// Sends outcomes to who waits for them, after they are durable. A message is acknowledged only when its answer is with the
/// broker, was refused by it, or was given up after <c>Ingest:ReplyWait</c>: so a crash in between delivers it again and answers again.
/// The prefetch count bounds how many wait; batches do not wait, but the broker delivers nothing more while as many wait as it allows.
/// A message whose answer goes over direct reply-to waits for one second at most.
/// </summary>
public sealed class RabbitReplies(
    IOptions<RabbitMqOptions> rabbit,
    IOptions<IngestOptions> options,
    FirstOutcomes firsts,
    IngestMetrics metrics,
    Outages outages,
    StoreFailures failures,
    TimeProvider clock,
    ILogger<RabbitReplies> log
) : IAsyncDisposable
{
    static readonly TimeSpan SayAgainAfter = TimeSpan.FromMinutes(1);

    // RabbitMQ keeps nothing for a client over direct reply-to, which asks again in any case: so it holds up no other publisher's commands.
    static readonly TimeSpan DirectHold = TimeSpan.FromSeconds(1);

    readonly ReplyRoutes _routes = new(rabbit.Value, new ReplyTrust(clock), clock);
    long? _reported;

    /// <summary>BatchOutcomes messages of one batch and acknowledges each with its answer. Never fails.</summary>
    public async Task AnswerAsync(IReadOnlyList<RabbitMessage> messages)
    {
        using var limit = new CancellationTokenSource(options.Value.ReplyWait, clock);
        var first = await FirstsAsync(messages, limit.Token);
        await Task.WhenAll(messages.Select(message => AnswerAsync(message, first, limit.Token)));
    }

    public ValueTask DisposeAsync() => _routes.DisposeAsync();

    async Task<Dictionary<Guid, Reply>> FirstsAsync(IReadOnlyList<RabbitMessage> messages, CancellationToken limit)
    {
        Guid[] ids =
        [
            .. messages.Select(message => message.Delivery.Reply!).Where(FirstOutcomes.IsAsked).Select(answer => answer.CommandId!.Value),
        ];
        try
        {
            return ids.Length == 0 ? [] : await firsts.ReadAsync(ids, limit);
        }
        catch (Exception failure)
        {
            // They are told that it is a duplicate; of what, they can ask again.
            Report(failure);
            return [];
        }
    }

    async Task AnswerAsync(RabbitMessage message, Dictionary<Guid, Reply> firsts, CancellationToken limit)
    {
        var (to, answer) = (message.Delivery.ReplyTo!, message.Delivery.Reply!);
        var duplicate = FirstOutcomes.IsAsked(answer);
        if (duplicate)
        {
            answer = firsts.GetValueOrDefault(answer.CommandId!.Value, answer);
        }
        var sending = TrySendAsync(to, ReplyText.Write(answer, duplicate, to, clock.GetUtcNow().UtcDateTime), limit);
        var hold = ReplyTrust.IsDirect(to.Queue) ? DirectHold : Timeout.InfiniteTimeSpan;
        await ((Task)sending).WaitAsync(hold, clock, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await message.Consumer.AnsweredAsync(message);
        metrics.Reply(await sending);
    }

    async Task<string> TrySendAsync(ReplyAddress to, ReadOnlyMemory<byte> body, CancellationToken limit)
    {
        var properties = new BasicProperties
        {
            ContentType = to.Request is null ? ReplyText.RawType : ReplyText.EnvelopeType,
            CorrelationId = to.CorrelationId,
        };
        while (true)
        {
            try
            {
                var result = await _routes.SendAsync(to.Queue, properties, body, limit);
                if (result != ReplyRoutes.Sent && !outages.IsAway(Stores.Rabbit))
                {
                    Report(
                        result == ReplyRoutes.Unusable
                            ? $"RabbitMQ ends the channel over the address {AmqpText.Of(to.Queue)}"
                            : "over direct reply-to: the connection was lost, or too many answers wait"
                    );
                }
                return result;
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
                    Report(failure);
                    return ReplyRoutes.GivenUp;
                }
            }
        }
    }

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

    void Report(Exception failure)
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
        if (_reported is null || clock.GetElapsedTime(_reported.Value) >= SayAgainAfter)
        {
            _reported = clock.GetTimestamp();
            IngestLog.ReplyNotSent(log, detail);
        }
    }
}
