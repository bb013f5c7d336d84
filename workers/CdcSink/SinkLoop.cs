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
/// The sink's pipeline: one thread reads and decodes the next batch while the one before is applied; offsets are committed after
/// the effect. Asked to stop, it reads no more, applies what it has, commits, and leaves the group.
/// </summary>
public sealed class SinkLoop(
    IOptions<KafkaOptions> kafka, IOptions<CdcSinkOptions> options, PatientApplier applier, PartitionStarts starts, CdcSinkMetrics metrics, Readiness readiness, Heartbeats heartbeats,
    TimeProvider clock, ILogger<SinkLoop> log, ILogger<StreamConsumer> consumerLog) : IWorkerLoop
{
    // Pausing throws away what was fetched ahead, so a batch that only takes a moment is waited for.
    static readonly TimeSpan PatienceBeforePause = TimeSpan.FromSeconds(1);

    readonly Channel<ChangeBatch> _batches = Channel.CreateBounded<ChangeBatch>(new BoundedChannelOptions(1) { SingleReader = true, SingleWriter = true });
    readonly BatchesInHand _inHand = new(clock);
    ChangeBatch? _waiting;

    public string Name => "sink";

    public async Task RunAsync(CancellationToken stopping)
    {
        readiness.Require(StreamConsumer.Condition);
        using var abandon = new CancellationTokenSource();
        using var consumer = new StreamConsumer(kafka.Value, options.Value, metrics, starts, readiness, clock, consumerLog) { Finish = Finish };
        var applying = ApplyAllAsync(consumer, abandon.Token);
        try
        {
            await Task.Factory.StartNew(() => ReadAll(consumer, applying, stopping), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        finally
        {
            // What was not finished by now is left to whoever reads it again.
            _batches.Writer.TryComplete();
            if (!_inHand.WaitForNone(TimeSpan.Zero))
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
            if (_waiting is null)
            {
                consumer.Pause(false);
                _waiting = consumer.Read();
            }
            else
            {
                consumer.Pause(true);
                consumer.Poll();
            }
            if (_waiting is not null && TryHandOver(_waiting, PatienceBeforePause))
            {
                _waiting = null;
            }
        }
        // Gives the partitions back, and with them what is in hand: see Finish.
        consumer.Close();
    }

    /// <summary>On the reading thread, while partitions are given back: everything read so far is to have its effect first.</summary>
    bool Finish(ChangeBatch? last, TimeSpan limit)
    {
        var start = clock.GetTimestamp();
        foreach (var batch in (ChangeBatch?[])[_waiting, last])
        {
            if (batch is not null && !TryHandOver(batch, limit - clock.GetElapsedTime(start)))
            {
                batch.Dispose();
            }
        }
        _waiting = null;
        return _inHand.WaitForNone(limit - clock.GetElapsedTime(start));
    }

    bool TryHandOver(ChangeBatch batch, TimeSpan limit)
    {
        _inHand.Add();
        if (_batches.Writer.TryWrite(batch) || (Waited(_batches.Writer.WaitToWriteAsync().AsTask(), limit) && _batches.Writer.TryWrite(batch)))
        {
            return true;
        }
        _inHand.Remove();
        return false;
    }

    static bool Waited(Task<bool> room, TimeSpan limit) => limit > TimeSpan.Zero && room.Wait(limit) && room.Result;

    async Task ApplyAllAsync(StreamConsumer consumer, CancellationToken abandoned)
    {
        try
        {
            await foreach (var batch in _batches.Reader.ReadAllAsync(abandoned))
            {
                using (batch)
                {
                    var start = clock.GetTimestamp();
                    var deadLetters = batch.DeadLetters.Count;
                    await applier.ApplyAsync(batch, abandoned);
                    consumer.Commit(batch);
                    CdcSinkLog.Applied(log, batch.Records, deadLetters, clock.GetElapsedTime(start).TotalMilliseconds);
                }
                _inHand.Remove();
            }
        }
        catch (OperationCanceledException) when (abandoned.IsCancellationRequested)
        {
        }
        finally
        {
            // Nobody writes into a channel that nobody reads.
            _batches.Writer.TryComplete();
        }
    }
}
