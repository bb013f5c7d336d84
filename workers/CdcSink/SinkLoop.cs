using System.Threading.Channels;
using Betting.CdcSink.Batches;
using Betting.CdcSink.Consume;
using Betting.CdcSink.DeadLetters;
using Betting.CdcSink.Write;
using Betting.Connections;
using Betting.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Betting.CdcSink;

/// <summary>
/// The sink's pipeline: one thread reads and decodes while up to two batches are applied side by side; progress and offsets follow
/// in the order of reading. A batch that nobody has time for grows, so what costs by the batch is paid less often the more there
/// is to do. Batches are cancelled when their partitions were given away, and those of the next assignment do not wait for them. Asked to
/// stop, it reads no more, applies what it has, commits, and leaves the group.
/// </summary>
public sealed class SinkLoop(
    IOptions<KafkaOptions> kafka, IOptions<CdcSinkOptions> options, PatientApplier applier, Progress progress, PartitionStarts starts, FollowedBets followed,
    CdcSinkMetrics metrics, Readiness readiness, Outages outages, WorkerMetrics worker, Heartbeats heartbeats,
    TimeProvider clock, ILogger<SinkLoop> log, ILogger<StreamConsumer> consumerLog) : IWorkerLoop
{
    // Pausing throws away what was fetched ahead, so a batch that only takes a moment is waited for.
    static readonly TimeSpan PatienceBeforePause = TimeSpan.FromSeconds(1);

    // More than two side by side, of one assignment, would only wait for each other's progress.
    const int SideBySide = 2;

    // Bounded by what an assignment may have in hand. A batch that found no room here would be lost.
    readonly Channel<ChangeBatch> _batches = Channel.CreateUnbounded<ChangeBatch>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    volatile bool _broken;

    public string Name => "sink";

    public async Task RunAsync(CancellationToken stopping)
    {
        readiness.Require(StreamConsumer.Condition);
        using var abandon = new CancellationTokenSource();
        using var consumer = new StreamConsumer(kafka.Value, options.Value, metrics, starts, readiness, outages, worker, clock, consumerLog)
        {
            Finish = Finish,
            Followed = followed,
        };
        progress.Commit = consumer.Commit;
        var applying = ApplyAllAsync(abandon.Token);
        try
        {
            await Task.Factory.StartNew(() => ReadAll(consumer, applying, stopping), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        finally
        {
            // What was not finished by now is left to whoever reads it again.
            _batches.Writer.TryComplete();
            if (!progress.Assignment.InHand.WaitForFewerThan(1, TimeSpan.Zero))
            {
                await abandon.CancelAsync();
            }
            await applying;
        }
    }

    void ReadAll(StreamConsumer consumer, Task applying, CancellationToken stopping)
    {
        consumer.Subscribe();
        while (!stopping.IsCancellationRequested && !applying.IsCompleted)
        {
            heartbeats.Beat(Name);
            if (!consumer.IsFull)
            {
                consumer.Pause(false);
                consumer.Gather();
            }
            else if (!IsFree(PatienceBeforePause))
            {
                consumer.Pause(true);
                consumer.Poll();
            }
            if (consumer.IsDue && IsFree(TimeSpan.Zero) && consumer.Take() is { } batch)
            {
                HandOver(batch);
            }
        }
        // Gives the partitions back, and with them what is in hand: see Finish.
        consumer.Close();
    }

    /// <summary>
    /// On the reading thread, while partitions are given back: everything read so far is to have its effect first. What has not had it
    /// within the limit is cancelled.
    /// </summary>
    bool Finish(ChangeBatch? last, TimeSpan limit)
    {
        var start = clock.GetTimestamp();
        if (last is not null && IsFree(limit))
        {
            HandOver(last);
        }
        else
        {
            last?.Dispose();
        }
        var finished = progress.Assignment.InHand.WaitForFewerThan(1, limit - clock.GetElapsedTime(start)) && !_broken;
        progress.Forget();
        return finished;
    }

    // A batch that would only wait is better off growing.
    bool IsFree(TimeSpan limit) => progress.Assignment.InHand.WaitForFewerThan(SideBySide, limit);

    void HandOver(ChangeBatch batch)
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

    async Task ApplyAllAsync(CancellationToken abandoned)
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
                before = ApplyAsync(batch, batch.Assignment!, before, failed);
            }
        }
        catch (Exception) when (failed.IsCancellationRequested)
        {
            // Told below.
        }
        finally
        {
            // Nobody writes into a channel that nobody reads.
            _batches.Writer.TryComplete();
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
    /// <param name="before">The batch of the same assignment that was read before this one, whose progress comes first; its failure is this one's as well.</param>
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
