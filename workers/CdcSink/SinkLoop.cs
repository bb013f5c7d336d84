using System.Threading.Channels;
using Betting.CdcSink.Batches;
using Betting.CdcSink.Consume;
using Betting.CdcSink.Write;
using Betting.Connections;
using Betting.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Betting.CdcSink;

/// <summary>
/// The sink's pipeline: one thread reads and decodes while up to two batches are applied side by side; progress and offsets follow
/// in the order of reading. A batch that nobody has time for grows, so what costs by the batch is paid less often the more there
/// is to do. Asked to stop, it reads no more, applies what it has, commits, and leaves the group.
/// </summary>
public sealed class SinkLoop(
    IOptions<KafkaOptions> kafka, IOptions<CdcSinkOptions> options, PatientApplier applier, Progress progress, PartitionStarts starts, FollowedBets followed,
    CdcSinkMetrics metrics, Readiness readiness, Outages outages, WorkerMetrics worker, Heartbeats heartbeats,
    TimeProvider clock, ILogger<SinkLoop> log, ILogger<StreamConsumer> consumerLog) : IWorkerLoop
{
    // Pausing throws away what was fetched ahead, so a batch that only takes a moment is waited for.
    static readonly TimeSpan PatienceBeforePause = TimeSpan.FromSeconds(1);

    // More than two side by side would only wait for each other's progress.
    const int SideBySide = 2;

    readonly Channel<ChangeBatch> _batches = Channel.CreateBounded<ChangeBatch>(new BoundedChannelOptions(SideBySide) { SingleReader = true, SingleWriter = true });
    readonly BatchesInHand _inHand = new(clock);
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
            if (!_inHand.WaitForFewerThan(1, TimeSpan.Zero))
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

    /// <summary>On the reading thread, while partitions are given back: everything read so far is to have its effect first.</summary>
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
        var finished = _inHand.WaitForFewerThan(1, limit - clock.GetElapsedTime(start)) && !_broken;
        progress.Forget();
        return finished;
    }

    // A batch that would only wait is better off growing.
    bool IsFree(TimeSpan limit) => _inHand.WaitForFewerThan(SideBySide, limit);

    void HandOver(ChangeBatch batch)
    {
        _inHand.Add();
        batch.Assignment = progress.Assignment;
        if (!_batches.Writer.TryWrite(batch))
        {
            // The other side has ended: what it leaves is read again.
            _inHand.Remove();
            batch.Dispose();
        }
    }

    async Task ApplyAllAsync(CancellationToken abandoned)
    {
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(abandoned);
        var before = Task.CompletedTask;
        try
        {
            await foreach (var batch in _batches.Reader.ReadAllAsync(failed.Token))
            {
                before = ApplyAsync(batch, before, failed);
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
            await before;
        }
        catch (OperationCanceledException) when (abandoned.IsCancellationRequested)
        {
        }
    }

    /// <param name="before">The batch read before this one, whose progress comes first; its failure is this one's as well.</param>
    async Task ApplyAsync(ChangeBatch batch, Task before, CancellationTokenSource failed)
    {
        // Off the loop's path at once: encoding requests is work too.
        await Task.Yield();
        try
        {
            using (batch)
            {
                var start = clock.GetTimestamp();
                var deadLetters = batch.DeadLetters.Count;
                await applier.ApplyAsync(batch, before, failed.Token);
                followed.Applied(batch);
                CdcSinkLog.Applied(log, batch.Records, deadLetters, clock.GetElapsedTime(start).TotalMilliseconds);
            }
        }
        catch
        {
            _broken = true;
            await failed.CancelAsync();
            // The first failure is the one to be told.
            await before;
            throw;
        }
        finally
        {
            _inHand.Remove();
        }
    }
}
