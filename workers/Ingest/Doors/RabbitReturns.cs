using Betting.Connections;
using Betting.Ingest.DeadLetters;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Betting.Ingest.Doors;

/// <summary>
/// Sends messages back to the queue of commands that no broker has any more: those of a queue that was deleted, where the worker stops before it has
/// applied them. What had its effect all the same is a duplicate then.
/// </summary>
public sealed class RabbitReturns(IOptions<RabbitMqOptions> rabbit, RabbitQueues queues, TimeProvider clock, ILogger<RabbitReturns> log)
{
    static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Returns when the broker has confirmed all of them; until then they are sent again.</summary>
    public async Task SendBackAsync(IReadOnlyList<RabbitMessage> messages)
    {
        var left = messages.Select(message => new RabbitOriginal(
            RabbitHeaders.Copy(message.Delivery.Original as RabbitMQ.Client.IReadOnlyBasicProperties, _ => true), message.Delivery.Body)).ToList();
        while (left.Count > 0)
        {
            var detail = "";
            try
            {
                await DeclareAsync();
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
            if (left.Count > 0)
            {
                IngestLog.LastCopiesStay(log, left.Count, detail);
                await Task.Delay(Pause, clock);
            }
        }
        IngestLog.LastCopiesReturned(log, messages.Count);
    }

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
