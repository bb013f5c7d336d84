using System.Threading.Channels;
using Betting.CdcSink.Commit;
using Betting.CdcSink.DeadLetters;
using Betting.CdcSink.Messages;
using Betting.CdcSink.Read;
using Betting.CdcSink.Write;
using Betting.Hosting;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink;

/// <summary>
/// Applies batches that the reading thread hands over, side by side; progress and offsets follow in the order of reading. The end of an
/// assignment cancels its batches, and those of the next one do not wait for them.
/// </summary>
sealed class BatchQueue(
    RetryingBatchWriter applier,
    Progress progress,
    FollowedBets followed,
    Readiness readiness,
    TimeProvider clock,
    ILogger log
)
{
    // Bounded by what an assignment may have in hand. A batch that found no room here would be lost.
    readonly Channel<ChangeBatch> _batches = Channel.CreateUnbounded<ChangeBatch>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true }
    );
    volatile bool _broken;

    /// <summary>True once a batch has failed for good.</summary>
    public bool IsBroken => _broken;

    /// <summary>On the reading thread: the batch is applied in the assignment that lasts.</summary>
    public void Add(ChangeBatch batch)
    {
        var assignment = batch.Assignment = progress.Assignment;
        assignment.InHand.Add();
        if (!_batches.Writer.TryWrite(batch))
        {
            // The other side has ended: what it leaves is read again.
            assignment.InHand.Remove();
            batch.Dispose();
        }
    }

    /// <summary>Nothing more is added.</summary>
    public void Complete() => _batches.Writer.TryComplete();

    /// <summary>Ends when the queue is complete and all batches are applied or cancelled.</summary>
    /// <exception cref="Exception">The first failure of a batch.</exception>
    public async Task ApplyAllAsync(CancellationToken abandoned)
    {
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(abandoned);
        var (assignment, before, former) = (progress.Assignment, Task.CompletedTask, Task.CompletedTask);
        try
        {
            await foreach (var batch in _batches.Reader.ReadAllAsync(failed.Token))
            {
                if (batch.Assignment != assignment)
                {
                    // Cancelled: what comes now does not wait for it. A failure of it is told all the same.
                    former = former.IsCompletedSuccessfully || former.IsCanceled ? before : Task.WhenAll(former, before);
                    (assignment, before) = (batch.Assignment!, Task.CompletedTask);
                }
                before = ApplyAsync(batch, assignment, before, failed);
            }
        }
        catch (Exception) when (failed.IsCancellationRequested)
        {
            // Told below.
        }
        finally
        {
            // Nobody writes into a channel that nobody reads.
            Complete();
        }
        try
        {
            await Task.WhenAll(former, before);
        }
        catch (OperationCanceledException) when (abandoned.IsCancellationRequested || !_broken)
        {
            // Given up with their partitions.
        }
    }

    /// <param name="batch">What is applied.</param>
    /// <param name="assignment">In which it was read; its end cancels the batch.</param>
    /// <param name="before">
    /// The batch of the same assignment that was read before this one, whose progress comes first; its failure is this one's as well.
    /// </param>
    /// <param name="failed">Cancelled when a batch fails for good.</param>
    async Task ApplyAsync(ChangeBatch batch, Assignment assignment, Task before, CancellationTokenSource failed)
    {
        // Off the loop's path at once: encoding requests is work too.
        await Task.Yield();
        try
        {
            using (batch)
            {
                var start = clock.GetTimestamp();
                var deadLetters = batch.DeadLetters.Count;
                using var either = CancellationTokenSource.CreateLinkedTokenSource(failed.Token, assignment.Ended);
                await applier.ApplyAsync(batch, before, either.Token);
                followed.Applied(batch);
                CdcSinkLog.Applied(log, batch.Records, deadLetters, clock.GetElapsedTime(start).TotalMilliseconds);
            }
        }
        catch (Exception failure)
        {
            if (failure is OperationCanceledException && assignment.Ended.IsCancellationRequested)
            {
                // Its letters are the next owner's as well.
                readiness.Set(DeadLetterRouter.Condition, ready: true);
            }
            else
            {
                _broken = true;
                await failed.CancelAsync();
            }
            // The first failure is the one to be told.
            await Task.WhenAny(before);
            if (before.IsFaulted)
            {
                await before;
            }
            throw;
        }
        finally
        {
            assignment.InHand.Remove();
        }
    }
}
