using Betting.Ingest.Claim;
using Betting.Ingest.Decide;
using Betting.Ingest.Failures;
using Betting.Ingest.Messages;
using Microsoft.Extensions.Logging;

namespace Betting.Ingest.Attempts;

/// <summary>A command and the message that brought it.</summary>
sealed record Readable(Delivery Delivery, HashedCommand Hashed);

/// <summary>Tries a batch until every command of it has its outcome, except those whose data the database refuses.</summary>
sealed class BatchAttempts(
    string door,
    BatchTransaction transaction,
    RefusalVerdicts verdicts,
    PostgresAvailability availability,
    FollowedCommands followed,
    IngestMetrics metrics,
    TimeProvider clock,
    ILogger log
)
{
    // Commands in the way of one another are done with within moments; whoever waits longer says so.
    static readonly TimeSpan LongestContention = TimeSpan.FromSeconds(30);

    // A door that has committed nothing for so long stands, whatever it tries.
    static readonly TimeSpan LongestStand = TimeSpan.FromSeconds(15);

    static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    readonly SizeLimit _limit = new(transaction.BatchSize);
    int _failuresInARow;
    long _lastCommit;

    /// <summary>How many commands the next transaction takes at most.</summary>
    public int Limit => _limit.Size;

    /// <summary>Gives the deliveries their answers.</summary>
    /// <param name="batch">In the order in which they came.</param>
    /// <param name="early">Their ids, where they are taken already; let go of here where that does not last.</param>
    /// <param name="turn">Theirs.</param>
    /// <param name="stopping">Ends the attempts, never one that has begun. An attempt itself ends when the batch is abandoned.</param>
    /// <returns>What the database refuses, and why.</returns>
    public async Task<IReadOnlyList<(Readable Refused, Exception Failure)>> ApplyAsync(
        List<Readable> batch,
        ClaimedBatch? early,
        BatchOrder turn,
        CancellationToken stopping
    )
    {
        _lastCommit = clock.GetTimestamp();
        if (batch.Count > Limit)
        {
            await LetGoAsync(early, turn);
            early = null;
        }
        while (true)
        {
            var refused = new List<(Readable Refused, Exception Failure)>();
            await ApplyAsync(batch, early, refused, turn, stopping);
            if (refused.Find(IsPostgres).Failure is not { } first)
            {
                return refused;
            }
            // A verdict on data lies between two transactions that PostgreSQL took: else its own state may be the cause.
            if (await verdicts.CanBeAsync(turn.Abandoned) && !verdicts.IsTooMany(first))
            {
                refused = await RefusedAgainAsync(refused, turn, stopping);
                if (!refused.Exists(IsPostgres) || await verdicts.CanBeAsync(turn.Abandoned))
                {
                    availability.MarkAvailable(door);
                    return refused;
                }
            }
            // What was refused has no effect, so it is tried again in its order when PostgreSQL takes transactions.
            do
            {
                await Task.Delay(Pause, clock, stopping);
            } while (!await verdicts.CanBeAsync(turn.Abandoned));
            (batch, early) = (refused.ConvertAll(each => each.Refused), null);
        }
    }

    static bool IsPostgres((Readable, Exception Failure) refused) => RefusalVerdicts.IsPostgres(refused.Failure);

    async Task<List<(Readable, Exception)>> RefusedAgainAsync(
        List<(Readable Refused, Exception Failure)> refused,
        BatchOrder turn,
        CancellationToken stopping
    )
    {
        var again = new List<(Readable, Exception)>(refused.Count);
        foreach (var each in refused)
        {
            if (!IsPostgres(each))
            {
                again.Add(each);
            }
            else if (await TryAloneAsync(each.Refused, null, turn, stopping) is { } failure)
            {
                again.Add((each.Refused, failure));
            }
        }
        return again;
    }

    // In pieces of the limit, which may change from one piece to the next.
    async Task ApplyAsync(
        List<Readable> batch,
        ClaimedBatch? early,
        List<(Readable, Exception)> refused,
        BatchOrder turn,
        CancellationToken stopping
    )
    {
        for (var done = 0; done < batch.Count; )
        {
            var size = Math.Min(Limit, batch.Count - done);
            await ApplyPieceAsync(batch.GetRange(done, size), early, refused, turn, stopping);
            done += size;
        }
    }

    // A piece that one command breaks is halved until that command is alone; so is one that is too much, or releases too much.
    async Task ApplyPieceAsync(
        List<Readable> batch,
        ClaimedBatch? early,
        List<(Readable, Exception)> refused,
        BatchOrder turn,
        CancellationToken stopping
    )
    {
        if (batch.Count == 1)
        {
            if (await TryAloneAsync(batch[0], early, turn, stopping) is { } refusal)
            {
                verdicts.Refused(batch[0].Hashed.Command, refusal);
                refused.Add((batch[0], refusal));
            }
        }
        else if (await TryAsync(batch, early, releasesLater: false, turn, stopping) is not null)
        {
            var half = batch.Count / 2;
            await ApplyAsync(batch[..half], null, refused, turn, stopping);
            await ApplyAsync(batch[half..], null, refused, turn, stopping);
        }
    }

    // What is refused may be one of those that it releases, not the command itself.
    async Task<Exception?> TryAloneAsync(Readable command, ClaimedBatch? early, BatchOrder turn, CancellationToken stopping)
    {
        var failure = await TryAsync([command], early, releasesLater: false, turn, stopping);
        return failure is null || !Releases(command) ? failure : await TryAsync([command], null, releasesLater: true, turn, stopping);
    }

    /// <returns>Null when the batch is committed, else why it must not be tried again as it is.</returns>
    async Task<Exception?> TryAsync(
        List<Readable> batch,
        ClaimedBatch? early,
        bool releasesLater,
        BatchOrder turn,
        CancellationToken stopping
    )
    {
        var commands = batch.ConvertAll(readable => readable.Hashed);
        var canBeSmaller = batch.Count > 1 || (Releases(batch[0]) && !releasesLater);
        var started = clock.GetTimestamp();
        for (var attempt = 1; ; attempt++)
        {
            stopping.ThrowIfCancellationRequested();
            try
            {
                using var watched = availability.Attempt(door, turn.Abandoned);
                // A transaction that has begun is finished even when the worker stops: that is the work in hand.
                var outcomes = early is not null
                    ? await transaction.ApplyAsync(early, turn.Abandoned, server: turn.Server)
                    : await transaction.ApplyAsync(commands, turn.Abandoned, releasesLater, turn.Server);
                Committed(batch, outcomes);
                return null;
            }
            catch (Exception failure)
            {
                await LetGoAsync(early, turn);
                early = null;
                // A statement that is cancelled ends in more ways than one, and what it ends with is no failure of PostgreSQL.
                turn.Abandoned.ThrowIfCancellationRequested();
                if (failure is ReleaseTooLargeException)
                {
                    return failure;
                }
                var kind = Failure.ClassOf(failure);
                metrics.Retry(door, failure);
                if (AttemptRules.After(kind, attempt, canBeSmaller) == NextAttempt.Smaller)
                {
                    if (clock.GetElapsedTime(_lastCommit) > LongestStand)
                    {
                        availability.MarkUnavailable(door, failure);
                    }
                    await SplitAsync(kind, batch.Count, failure, stopping);
                    return failure;
                }
                var inTheWay = kind is FailureClass.Contention or FailureClass.IdTaken;
                if (!inTheWay || clock.GetElapsedTime(started) > LongestContention)
                {
                    availability.MarkUnavailable(door, failure, batch.Count == 1 ? batch[0].Hashed.Command.Id : null);
                }
                await Task.Delay(inTheWay ? Backoff.Again(attempt, Random.Shared.NextDouble()) : LongerPause(), clock, stopping);
            }
        }
    }

    void Committed(List<Readable> batch, Outcome[] outcomes)
    {
        availability.MarkAvailable(door);
        _lastCommit = clock.GetTimestamp();
        _limit.Passed(batch.Count);
        _failuresInARow = 0;
        metrics.Committed(door, batch.ConvertAll(readable => readable.Hashed.Command), outcomes);
        for (var i = 0; i < outcomes.Length; i++)
        {
            var answer = Reply.Of(batch[i].Hashed.Command.Id, outcomes[i]);
            batch[i].Delivery.Reply = answer;
            verdicts.Decided(batch[i].Hashed.Command, outcomes[i]);
            followed.Decided(batch[i].Hashed.Command, answer);
        }
    }

    async Task SplitAsync(FailureClass kind, int commands, Exception failure, CancellationToken stopping)
    {
        if (kind is FailureClass.Data or FailureClass.IdTaken)
        {
            if (commands > 1)
            {
                IngestLog.BatchSplit(log, door, commands, Failure.LineOf(failure));
            }
            return;
        }
        var limit = kind == FailureClass.TooMuch ? _limit.TooMuch(commands) : commands / 2;
        IngestLog.BatchTooMuch(log, door, commands, Failure.LineOf(failure), Math.Max(limit, 1));
        await Task.Delay(LongerPause(), clock, stopping);
    }

    // A door's batches are tried one after another, so this counts over the halves of one and on to the next.
    TimeSpan LongerPause() => Backoff.After(++_failuresInARow, Random.Shared.NextDouble());

    static bool Releases(Readable command) => WaitKey.BroughtBy(command.Hashed.Command) is not null;

    static async ValueTask LetGoAsync(ClaimedBatch? early, BatchOrder turn)
    {
        await (early?.DisposeAsync() ?? ValueTask.CompletedTask);
        turn.Release();
    }
}
