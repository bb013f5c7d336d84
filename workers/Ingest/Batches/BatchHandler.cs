using Betting.Contracts.Commands;
using Betting.Ingest.DeadLetters;
using Betting.Ingest.Doors;
using Betting.Ingest.Store;
using Microsoft.Extensions.Logging;

namespace Betting.Ingest.Batches;

/// <summary>
/// What both doors do with a batch of messages. When it returns, every message has either its outcome in PostgreSQL or
/// its place among the dead letters, and may be acknowledged.
/// </summary>
public sealed class BatchHandler(
    string door, BatchTransaction transaction, IDeadLetters deadLetters, PostgresAvailability availability, IngestMetrics metrics, TimeProvider clock, ILogger log)
{
    // An id is taken once: when it is tried again, it is seen. More often than this it is no coincidence, but the data.
    const int MostTimesTaken = 20;

    /// <exception cref="OperationCanceledException">The worker stops; what was not finished comes again.</exception>
    public async Task HandleAsync(IReadOnlyList<Delivery> deliveries, CancellationToken stopping)
    {
        var letters = new List<DeadLetter>();
        var readable = new List<Readable>(deliveries.Count);
        foreach (var delivery in deliveries)
        {
            if (Read(delivery, out var command) is { } refusal)
            {
                letters.Add(Letter(delivery, refusal.Field, refusal.ToString()));
            }
            else
            {
                readable.Add(new Readable(delivery, new HashedCommand(command!)));
            }
        }
        await ApplyAsync(readable, letters, stopping);
        await SendAsync(letters, stopping);
    }

    static Refusal? Read(Delivery delivery, out BetCommand? command)
    {
        command = null;
        return delivery.Command is not { } json
            ? new Refusal(Refusal.Document, "send a message with a command in it")
            : CommandDecoder.TryDecode(json.Span, out command, out var refusal) ? null : refusal;
    }

    // A batch that the data of one command breaks is halved until that command is alone.
    async Task ApplyAsync(List<Readable> batch, List<DeadLetter> letters, CancellationToken stopping)
    {
        if (batch.Count == 0 || await TryAsync(batch, stopping) is not { } failure)
        {
            return;
        }
        if (batch.Count == 1)
        {
            letters.Add(Letter(batch[0].Delivery, Refusal.Document, $"{Failure.StateOf(failure)}: {failure.Message}"));
            return;
        }
        var half = batch.Count / 2;
        await ApplyAsync(batch[..half], letters, stopping);
        await ApplyAsync(batch[half..], letters, stopping);
    }

    /// <returns>Null when the batch is committed, else why it can never be.</returns>
    async Task<Exception?> TryAsync(List<Readable> batch, CancellationToken stopping)
    {
        var commands = batch.ConvertAll(readable => readable.Hashed);
        for (var attempt = 1; ; attempt++)
        {
            stopping.ThrowIfCancellationRequested();
            try
            {
                // A transaction that has begun is finished even when the worker stops: that is the work in hand.
                var outcomes = await transaction.ApplyAsync(commands, CancellationToken.None);
                availability.Back(door);
                metrics.Committed(door, commands.ConvertAll(hashed => hashed.Command), outcomes);
                for (var i = 0; i < outcomes.Length; i++)
                {
                    batch[i].Delivery.Answer = Answer.Of(commands[i].Command.Id, outcomes[i]);
                }
                return null;
            }
            catch (Exception failure)
            {
                var kind = Failure.ClassOf(failure);
                if (kind == FailureClass.Data || (kind == FailureClass.Taken && attempt > MostTimesTaken))
                {
                    IngestLog.BatchSplit(log, door, batch.Count, Failure.StateOf(failure), failure);
                    return failure;
                }
                metrics.Retry(door, Failure.StateOf(failure));
                if (kind == FailureClass.Wait)
                {
                    availability.Away(door, failure);
                }
                var pause = kind == FailureClass.Wait ? Backoff.After(attempt, Random.Shared.NextDouble()) : Backoff.Again(attempt, Random.Shared.NextDouble());
                await Task.Delay(pause, clock, stopping);
            }
        }
    }

    async Task SendAsync(List<DeadLetter> letters, CancellationToken stopping)
    {
        for (var attempt = 1; letters.Count > 0; attempt++)
        {
            try
            {
                await deadLetters.SendAsync(letters, stopping);
                foreach (var letter in letters)
                {
                    letter.Delivery.Answer = new Answer(null, Answer.DeadLetter, letter.Reason, letter.Field);
                    metrics.DeadLetter(door, letter.Field);
                    IngestLog.DeadLetter(log, door, letter.Delivery.Coordinates, letter.Reason);
                }
                return;
            }
            catch (Exception failure) when (!stopping.IsCancellationRequested)
            {
                IngestLog.DeadLettersNotTaken(log, door, letters.Count, failure);
                await Task.Delay(Backoff.After(attempt, Random.Shared.NextDouble()), clock, stopping);
            }
        }
    }

    DeadLetter Letter(Delivery delivery, string field, string reason) => new(delivery, field, reason, clock.GetUtcNow().UtcDateTime);

    sealed record Readable(Delivery Delivery, HashedCommand Hashed);
}
