using Betting.Contracts.Commands;
using Betting.Ingest.DeadLetters;
using Betting.Ingest.Decide;
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

    Turn? _last;

    /// <summary>May be called again before it has ended: batches are applied in the order of the calls, which one thread makes.</summary>
    /// <exception cref="OperationCanceledException">The worker stops; what was not finished comes again.</exception>
    public Task HandleAsync(IReadOnlyList<Delivery> deliveries, CancellationToken stopping)
    {
        var turn = _last = _last?.Next() ?? Turn.First();
        return Task.Run(() => HandleAsync(deliveries, turn, stopping), CancellationToken.None);
    }

    async Task HandleAsync(IReadOnlyList<Delivery> deliveries, Turn turn, CancellationToken stopping)
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
        try
        {
            await using var early = await TakeEarlyAsync(readable, turn);
            await turn.ComesAsync();
            await ApplyAsync(readable, early, letters, turn, stopping);
            turn.Done();
        }
        finally
        {
            turn.GivenUp();
        }
        await SendAsync(letters, stopping);
    }

    // What does not work beside the batch before is tried again in its turn, and what fails then is told.
    async Task<TakenBatch?> TakeEarlyAsync(List<Readable> batch, Turn turn)
    {
        if (batch.Count == 0 || !await turn.MayTakeAsync())
        {
            turn.Stumbled();
            return null;
        }
        TakenBatch? taken = null;
        try
        {
            taken = await transaction.TakeAsync(batch.ConvertAll(readable => readable.Hashed), CancellationToken.None);
            turn.Taken();
        }
        catch (Exception failure)
        {
            metrics.Retry(door, Failure.StateOf(failure));
        }
        if (taken is not null && await turn.KeepsAsync())
        {
            return taken;
        }
        await (taken?.DisposeAsync() ?? ValueTask.CompletedTask);
        turn.Stumbled();
        return null;
    }

    static Refusal? Read(Delivery delivery, out BetCommand? command)
    {
        command = null;
        return delivery.Command is not { } json
            ? new Refusal(Refusal.Document, "send a message with a command in it")
            : CommandDecoder.TryDecode(json.Span, out command, out var refusal) ? null : refusal;
    }

    // A batch that the data of one command breaks is halved until that command is alone; so is one that releases too much.
    async Task ApplyAsync(List<Readable> batch, TakenBatch? early, List<DeadLetter> letters, Turn turn, CancellationToken stopping)
    {
        if (batch.Count == 0 || await TryAsync(batch, early, releasesLater: false, turn, stopping) is not { } failure)
        {
            return;
        }
        if (batch.Count == 1)
        {
            // It may be one of those that it releases, not the command itself.
            if (WaitKey.BroughtBy(batch[0].Hashed.Command) is not null && await TryAsync(batch, null, releasesLater: true, turn, stopping) is null)
            {
                return;
            }
            letters.Add(Letter(batch[0].Delivery, Refusal.Document, $"{Failure.StateOf(failure)}: {failure.Message}"));
            return;
        }
        var half = batch.Count / 2;
        await ApplyAsync(batch[..half], null, letters, turn, stopping);
        await ApplyAsync(batch[half..], null, letters, turn, stopping);
    }

    /// <returns>Null when the batch is committed, else why it can never be.</returns>
    async Task<Exception?> TryAsync(List<Readable> batch, TakenBatch? early, bool releasesLater, Turn turn, CancellationToken stopping)
    {
        var commands = batch.ConvertAll(readable => readable.Hashed);
        for (var attempt = 1; ; attempt++)
        {
            stopping.ThrowIfCancellationRequested();
            try
            {
                using var watched = availability.Attempt();
                // A transaction that has begun is finished even when the worker stops: that is the work in hand.
                var outcomes = early is not null
                    ? await transaction.ApplyAsync(early, CancellationToken.None)
                    : await transaction.ApplyAsync(commands, CancellationToken.None, releasesLater);
                availability.Back(door);
                metrics.Committed(door, commands.ConvertAll(hashed => hashed.Command), outcomes);
                for (var i = 0; i < outcomes.Length; i++)
                {
                    batch[i].Delivery.Answer = Answer.Of(commands[i].Command.Id, outcomes[i]);
                }
                return null;
            }
            catch (ReleaseTooLargeException tooLarge)
            {
                await (early?.DisposeAsync() ?? ValueTask.CompletedTask);
                turn.Stumbled();
                return tooLarge;
            }
            catch (Exception failure)
            {
                await (early?.DisposeAsync() ?? ValueTask.CompletedTask);
                early = null;
                turn.Stumbled();
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
