using Betting.Ingest.Decide;
using Betting.Ingest.Doors;
using Betting.Ingest.Store;
using Microsoft.Extensions.Logging;

namespace Betting.Ingest.Batches;

/// <summary>A command and the message that brought it.</summary>
sealed record Readable(Delivery Delivery, HashedCommand Hashed);

/// <summary>Tries a batch until every command of it has its outcome, but those that the database refuses whatever is tried.</summary>
sealed class BatchAttempts(
    string door, BatchTransaction transaction, PostgresAvailability availability, IngestMetrics metrics, TimeProvider clock, ILogger log)
{
    // An id is taken once: when it is tried again, it is seen. More often than this it is no coincidence, but the data.
    const int MostTimesTaken = 20;

    /// <summary>Gives the deliveries their answers.</summary>
    /// <param name="batch">In the order in which they came.</param>
    /// <param name="early">Their ids, where they are taken already; let go of here where that does not last.</param>
    /// <param name="turn">Theirs.</param>
    /// <param name="stopping">Ends the attempts, never one that has begun.</param>
    /// <returns>What the database refuses, and why.</returns>
    public async Task<IReadOnlyList<(Readable Refused, Exception Failure)>> ApplyAsync(List<Readable> batch, TakenBatch? early, Turn turn, CancellationToken stopping)
    {
        var refused = new List<(Readable, Exception)>();
        await ApplyAsync(batch, early, refused, turn, stopping);
        return refused;
    }

    // A batch that the data of one command breaks is halved until that command is alone; so is one that releases too much.
    async Task ApplyAsync(List<Readable> batch, TakenBatch? early, List<(Readable, Exception)> refused, Turn turn, CancellationToken stopping)
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
            refused.Add((batch[0], failure));
            return;
        }
        var half = batch.Count / 2;
        await ApplyAsync(batch[..half], null, refused, turn, stopping);
        await ApplyAsync(batch[half..], null, refused, turn, stopping);
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
}
