using Betting.Brokers;
using Betting.CdcSink.Commit;
using Betting.CdcSink.Messages;
using Betting.CdcSink.Read;
using Betting.CdcSink.Write;
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
    IOptions<KafkaOptions> kafka,
    IOptions<CdcSinkOptions> options,
    RetryingBatchWriter applier,
    Progress progress,
    PartitionStarts starts,
    FollowedBets followed,
    CdcSinkMetrics metrics,
    Readiness readiness,
    Outages outages,
    WorkerMetrics worker,
    Heartbeats heartbeats,
    TimeProvider clock,
    ILogger<SinkLoop> log,
    ILogger<StreamConsumer> consumerLog
) : IWorkerLoop
{
    // Pausing throws away what was fetched ahead, so a batch that only takes a moment is waited for.
    static readonly TimeSpan PatienceBeforePause = TimeSpan.FromSeconds(1);

    // More than two side by side, of one assignment, would only wait for each other's progress.
    const int MaxInFlight = 2;

    readonly BatchQueue _queue = new(applier, progress, followed, readiness, clock, log);

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
        var applying = _queue.ApplyAllAsync(abandon.Token);
        try
        {
            await Task.Factory.StartNew(
                () => ReadAll(consumer, applying, stopping),
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default
            );
        }
        finally
        {
            // What was not finished by now is left to whoever reads it again.
            _queue.Complete();
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
                _queue.Add(batch);
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
            _queue.Add(last);
        }
        else
        {
            last?.Dispose();
        }
        var finished = progress.Assignment.InHand.WaitForFewerThan(1, limit - clock.GetElapsedTime(start)) && !_queue.IsBroken;
        progress.Forget();
        return finished;
    }

    // A batch that would only wait is better off growing.
    bool IsFree(TimeSpan limit) => progress.Assignment.InHand.WaitForFewerThan(MaxInFlight, limit);
}
