using Betting.Contracts.Commands;
using Betting.Ingest.Acknowledge;
using Betting.Ingest.Attempts;
using Betting.Ingest.Claim;
using Betting.Ingest.Decode;
using Betting.Ingest.Failures;
using Betting.Ingest.Messages;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Betting.Ingest;

/// <summary>
/// What both doors do with a batch of messages. When it returns, every message has either its outcome in PostgreSQL or
/// its place among the dead letters, and may be acknowledged.
/// </summary>
public sealed class BatchHandler(
    string door,
    BatchTransaction transaction,
    IDeadLetters deadLetters,
    PostgresAvailability availability,
    FollowedCommands followed,
    IngestMetrics metrics,
    TimeProvider clock,
    ILogger log
)
{
    readonly DeadLetterSending _sending = new(door, deadLetters, followed, metrics, clock, log);

    // Of the door, not of its batches: a batch that is abandoned comes again, and refuses what it refused before.
    readonly RefusalVerdicts _verdicts = new(door, transaction.Probe, availability, metrics);
    BatchAttempts? _attempts;
    (Action Abandon, CancellationToken Abandoned) _inHand = InHand();
    BatchOrder? _last;

    /// <summary>May be called again before it has ended: batches are applied in the order of the calls, which one thread makes.</summary>
    /// <param name="deliveries">The messages in their order.</param>
    /// <param name="stopping">The worker stops.</param>
    /// <param name="server">
    /// The identity of the PostgreSQL that has what came before them; on another one they are not applied and wait to be abandoned. Null
    /// where any may be.
    /// </param>
    /// <exception cref="OperationCanceledException">
    /// The worker stops, or the batch was abandoned; what was not finished comes again.
    /// </exception>
    public Task HandleAsync(IReadOnlyList<Delivery> deliveries, CancellationToken stopping, string? server = null)
    {
        var (turn, attempts) = (
            _last = _last?.Next(server) ?? BatchOrder.First(server, _inHand.Abandoned),
            _attempts ??= new(door, transaction, _verdicts, availability, followed, metrics, clock, log)
        );
        return Task.Run(() => HandleAsync(deliveries, attempts, turn, stopping), CancellationToken.None);
    }

    /// <summary>
    /// Abandons the batches that have not ended: the broker gives their messages to another replica, or again to this one. Returns at
    /// once; their transactions are rolled back, unless they are at their commit. The next batches do not wait for them. To be called
    /// by the thread that calls <see cref="HandleAsync(IReadOnlyList{Delivery}, CancellationToken, string)"/>.
    /// </summary>
    public void Abandon()
    {
        _inHand.Abandon();
        (_inHand, _last, _attempts) = (InHand(), null, null);
    }

    // A source without a timer holds nothing that has to be disposed.
    static (Action, CancellationToken) InHand()
    {
        var source = new CancellationTokenSource();
        // Not Cancel: Npgsql connects to the server to cancel a statement, and the door's thread must not wait for that.
        return (() => _ = source.CancelAsync(), source.Token);
    }

    async Task HandleAsync(IReadOnlyList<Delivery> deliveries, BatchAttempts attempts, BatchOrder turn, CancellationToken stopping)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(stopping, turn.Abandoned);
        try
        {
            await _sending.SendAsync(await ApplyAsync(deliveries, attempts, turn, ends.Token), ends.Token);
        }
        finally
        {
            if (turn.Abandoned.IsCancellationRequested)
            {
                // What this batch met is no longer this replica's to report.
                availability.Forget(door);
                await _sending.ForgetAsync();
            }
        }
    }

    /// <returns>What is to be put aside.</returns>
    async Task<List<DeadLetter>> ApplyAsync(
        IReadOnlyList<Delivery> deliveries,
        BatchAttempts attempts,
        BatchOrder turn,
        CancellationToken ends
    )
    {
        var letters = new List<DeadLetter>();
        var readable = new List<Readable>(deliveries.Count);
        foreach (var delivery in deliveries)
        {
            if (Read(delivery, out var command) is { } refusal)
            {
                letters.Add(Letter(delivery, refusal.Field, refusal.ToString()) with { CommandId = refusal.CommandId });
            }
            else
            {
                followed.Arrived(door, delivery, command!.Command);
                readable.Add(new Readable(delivery, command));
            }
        }
        try
        {
            await using var early = await ClaimIdsAsync(readable, attempts, turn);
            await turn.WaitForTurnAsync();
            foreach (var (refused, failure) in await attempts.ApplyAsync(readable, early, turn, ends))
            {
                letters.Add(
                    Letter(
                        refused.Delivery,
                        Refusal.Document,
                        failure is PostgresException ? failure.Message : $"{Failure.StateOf(failure)}: {failure.Message}"
                    ) with
                    {
                        CommandId = refused.Hashed.Command.Id,
                    }
                );
            }
            turn.Committed();
        }
        finally
        {
            turn.Abandon();
        }
        return letters;
    }

    // What does not work beside the batch before is tried again in its turn, and what fails then is told.
    async Task<ClaimedBatch?> ClaimIdsAsync(List<Readable> batch, BatchAttempts attempts, BatchOrder turn)
    {
        if (batch.Count == 0 || batch.Count > attempts.Limit || !await turn.WaitForPredecessorClaimAsync())
        {
            turn.Release();
            return null;
        }
        ClaimedBatch? taken = null;
        try
        {
            taken = await transaction.TakeAsync(batch.ConvertAll(readable => readable.Hashed), turn.Abandoned);
            turn.Claimed();
        }
        catch (Exception failure)
        {
            turn.Abandoned.ThrowIfCancellationRequested();
            metrics.Retry(door, failure);
        }
        if (taken is not null && await turn.WaitForPredecessorCommitAsync())
        {
            return taken;
        }
        await (taken?.DisposeAsync() ?? ValueTask.CompletedTask);
        turn.Release();
        return null;
    }

    // A message that breaks the decoder is one message put aside, never its batch.
    Refusal? Read(Delivery delivery, out HashedCommand? command)
    {
        command = null;
        try
        {
            return CommandReader.Read(delivery, out command);
        }
        // Too little memory says nothing about the message: the worker ends, and the broker delivers it again.
        catch (Exception unexpected) when (unexpected is not OutOfMemoryException)
        {
            IngestLog.MessageNotRead(log, door, delivery.Coordinates, unexpected);
            return new Refusal(Refusal.Document, $"it could not be read ({unexpected.GetType().Name})");
        }
    }

    DeadLetter Letter(Delivery delivery, string field, string reason) => new(delivery, field, reason, clock.GetUtcNow().UtcDateTime);
}
