using Betting.Brokers;
using Betting.Contracts;
using Betting.Ingest.DeadLetters;
using Betting.Ingest.Decode;
using Betting.Ingest.Messages;
using Betting.Ingest.RabbitMq;
using Betting.Ingest.Receive.RabbitMq;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;

namespace Betting.Ingest.Acknowledge;

/// <summary>
/// Publishes messages again whose queue was deleted, where the worker stops before it has applied them: only this process has them. One
/// that was applied meanwhile is a duplicate. A message of which only the beginning was kept becomes a dead letter.
/// </summary>
public sealed class RabbitReturns(
    IOptions<RabbitMqOptions> rabbit,
    RabbitQueues queues,
    IDeadLetters letters,
    TimeProvider clock,
    ILogger<RabbitReturns> log
)
{
    static readonly TimeSpan Pause = TimeSpan.FromSeconds(1),
        LookLimit = TimeSpan.FromSeconds(5);

    /// <summary>Returns when the broker has confirmed all of them; until then they are sent again.</summary>
    public async Task SendBackAsync(IReadOnlyList<RabbitMessage> messages)
    {
        var left = messages
            .Where(message => !IsCut(message))
            .Select(message => new RabbitOriginal(
                RabbitHeaders.Copy(message.Delivery.Original as IReadOnlyBasicProperties, _ => true),
                message.Delivery.Body
            ))
            .ToList();
        List<DeadLetter> aside = [.. messages.Where(IsCut).Select(message => Letter(message.Delivery))];
        // Neither waits for the other: the queue may take messages while the letters' queue is full.
        await Task.WhenAll(
            UntilDoneAsync(
                () => left.Count,
                async () =>
                {
                    (left, var refusal) = await PublishAsync(left);
                    return refusal;
                }
            ),
            UntilDoneAsync(
                () => aside.Count(letter => !letter.IsAside && !letter.Delivery.ComesAgain),
                async () =>
                {
                    await letters.SendAsync(aside, CancellationToken.None);
                    Log(aside);
                    return "";
                }
            )
        );
        IngestLog.LastCopiesReturned(log, messages.Count);
    }

    void Log(List<DeadLetter> aside)
    {
        foreach (var letter in aside.Where(letter => letter.IsAside))
        {
            IngestLog.DeadLetter(log, RabbitDoor.Door, letter.Delivery.Coordinates, letter.Reason);
        }
    }

    async Task UntilDoneAsync(Func<int> left, Func<Task<string>> attempt)
    {
        while (left() > 0)
        {
            string refusal;
            try
            {
                refusal = await attempt();
            }
            // Whatever the client throws while the broker is away.
            catch (Exception failure)
            {
                refusal = RabbitTrouble.DetailOf(failure);
            }
            if (left() > 0)
            {
                IngestLog.LastCopiesStay(log, left(), refusal);
                await Task.Delay(Pause, clock);
            }
        }
    }

    // Returns those that the broker has not confirmed, and why it refused the first of them.
    async Task<(List<RabbitOriginal> Left, string Refusal)> PublishAsync(List<RabbitOriginal> messages)
    {
        var trouble = await DeclareAsync(CancellationToken.None);
        await using var sender = new RabbitReplaySender(rabbit.Value);
        var answers = await sender.SendBackAsync(messages, CancellationToken.None);
        var refused = answers.FirstOrDefault(answer => !answer.IsSent)?.Failure;
        return (
            [.. messages.Zip(answers).Where(each => !each.Second.IsSent).Select(each => each.First)],
            refused is null ? "" : trouble ?? RabbitTrouble.Describe(refused) ?? refused.Message
        );
    }

    // Of a command that is whole, headers may be missing: nobody reads them.
    static bool IsCut(RabbitMessage message) => message.Delivery.Cut.Count > 0 && CommandReader.Read(message.Delivery, out _) is not null;

    DeadLetter Letter(Delivery delivery)
    {
        var refusal = CommandReader.Read(delivery, out _)!;
        return new DeadLetter(delivery, refusal.Field, refusal.ToString(), clock.GetUtcNow().UtcDateTime) { CommandId = refusal.CommandId };
    }

    /// <summary>
    /// Looks once more whether the queue of these consumers was deleted, before their connections end: somebody may have declared another
    /// one of its name since the watch looked, and RabbitMQ tells the consumer nothing then. A broker that does not answer keeps the queue.
    /// </summary>
    public async Task LookAgainAsync(IReadOnlyCollection<RabbitConsumer> consumers)
    {
        if (consumers.All(consumer => consumer.IsLost || consumer.IsCancelled))
        {
            return;
        }
        using var limit = new CancellationTokenSource(LookLimit, clock);
        try
        {
            await DeclareAsync(limit.Token).WaitAsync(limit.Token);
        }
        catch (Exception away) when (away is OperationCanceledException || RabbitTrouble.Describe(away) is not null)
        {
            return;
        }
        foreach (var consumer in consumers.Where(consumer => consumer.Deletions != queues.Deletions))
        {
            consumer.Cancelled();
        }
    }

    // Returns why the queue is not as it should be. There may be one all the same: the answers to what is published tell.
    async Task<string?> DeclareAsync(CancellationToken cancellation)
    {
        var connection = await RabbitConnection.OpenAsync(rabbit.Value, "ingest returns", cancellation);
        try
        {
            await queues.DeclareAsync(connection, Topics.Commands, isCancelled: false, cancellation);
            return null;
        }
        catch (Exception failure) when (RabbitTrouble.Describe(failure) is not null)
        {
            return RabbitTrouble.DetailOf(failure);
        }
        finally
        {
            await RabbitConnection.LeaveAsync(connection);
        }
    }
}
