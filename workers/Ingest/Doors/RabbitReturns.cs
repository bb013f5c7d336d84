using Betting.Connections;
using Betting.Contracts.Commands;
using Betting.Ingest.DeadLetters;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;

namespace Betting.Ingest.Doors;

/// <summary>
/// Publishes messages again whose queue was deleted, where the worker stops before it has applied them: only this process has them. One that was
/// applied meanwhile is a duplicate. A message of which only the beginning was kept becomes a dead letter.
/// </summary>
public sealed class RabbitReturns(
    IOptions<RabbitMqOptions> rabbit, RabbitQueues queues, RabbitDeadLetters letters, TimeProvider clock, ILogger<RabbitReturns> log)
{
    static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Returns when the broker has confirmed all of them; until then they are sent again.</summary>
    public async Task SendBackAsync(IReadOnlyList<RabbitMessage> messages)
    {
        var (cut, whole) = (messages.Where(IsCut).ToList(), messages.Where(message => !IsCut(message)));
        List<DeadLetter> aside = cut.ConvertAll(message => new DeadLetter(
            message.Delivery, Refusal.Document, message.Delivery.Fault ?? "it is too large", clock.GetUtcNow().UtcDateTime));
        var left = whole.Select(message => new RabbitOriginal(
            RabbitHeaders.Copy(message.Delivery.Original as IReadOnlyBasicProperties, _ => true), message.Delivery.Body)).ToList();
        while (left.Count + aside.Count > 0)
        {
            var detail = "";
            try
            {
                await DeclareAsync();
                if (aside.Count > 0)
                {
                    await letters.SendAsync(aside, isShortened: false, CancellationToken.None);
                    aside = [];
                }
                await using var sender = new RabbitReplaySender(rabbit.Value);
                var answers = await sender.SendBackAsync(left, CancellationToken.None);
                left = [.. left.Zip(answers).Where(each => !each.Second.IsSent).Select(each => each.First)];
                detail = answers.FirstOrDefault(answer => !answer.IsSent)?.Failure is { } refused ? RabbitTrouble.Describe(refused) ?? refused.Message : "";
            }
            // Whatever the client throws while the broker is away.
            catch (Exception failure)
            {
                detail = RabbitTrouble.Describe(failure) ?? failure.GetType().Name;
            }
            aside.RemoveAll(letter => letter.IsAside);
            if (left.Count + aside.Count > 0)
            {
                IngestLog.LastCopiesStay(log, left.Count + aside.Count, detail);
                await Task.Delay(Pause, clock);
            }
        }
        IngestLog.LastCopiesReturned(log, messages.Count);
    }

    static bool IsCut(RabbitMessage message) => message.Delivery is { Command: null, Cut.Count: > 0 };

    async Task DeclareAsync()
    {
        var connection = await RabbitConnection.OpenAsync(rabbit.Value, "ingest returns", CancellationToken.None);
        try
        {
            await queues.DeclareAsync(connection, isCancelled: false, CancellationToken.None);
        }
        catch (QueueMismatchException)
        {
            // A queue all the same; the next start names it.
        }
        finally
        {
            await RabbitConnection.LeaveAsync(connection);
        }
    }
}
