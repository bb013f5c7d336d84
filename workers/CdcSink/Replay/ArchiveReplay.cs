using System.Threading.Channels;
using Betting.CdcSink.Decode;
using Betting.CdcSink.Messages;
using Betting.CdcSink.Snapshots;
using Betting.CdcSink.Write;
using Betting.Debezium;

namespace Betting.CdcSink.Replay;

/// <summary>Records from anywhere through the worker's own steps: while one batch is applied the next is decoded.</summary>
public sealed class ArchiveReplay(
    RetryingBatchWriter applier,
    SnapshotSettlement settlement,
    CdcSinkOptions options,
    CdcSinkMetrics metrics,
    TimeProvider clock
)
{
    readonly List<SnapshotEnd> _snapshotEnds = [];

    /// <param name="records">In the order of their partitions.</param>
    /// <param name="decoder">Used on one thread.</param>
    /// <param name="progress">Told after each batch how many records have had their effect.</param>
    /// <param name="cancellation">Ends it between two batches.</param>
    /// <returns>How many records were applied.</returns>
    public async Task<long> RunAsync(
        IEnumerable<StreamRecord> records,
        RecordDecoder decoder,
        Action<long> progress,
        CancellationToken cancellation
    )
    {
        var batches = Channel.CreateBounded<ChangeBatch>(new BoundedChannelOptions(1) { SingleReader = true, SingleWriter = true });
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var reading = Task.Run(() => ReadAsync(records, decoder, batches.Writer, failed.Token), failed.Token);
        var applied = 0L;
        try
        {
            await foreach (var batch in batches.Reader.ReadAllAsync(cancellation))
            {
                using (batch)
                {
                    await applier.ApplyAsync(batch, Task.CompletedTask, cancellation);
                    _snapshotEnds.AddRange(batch.SnapshotEnds);
                    progress(applied += batch.Records);
                }
            }
        }
        finally
        {
            await failed.CancelAsync();
        }
        await reading;
        // All of the archive has had its effect: what its snapshots say is known now.
        foreach (var end in _snapshotEnds.OrderBy(end => end.Version))
        {
            await settlement.SettleAsync(end, () => { }, cancellation);
        }
        return applied;
    }

    async Task ReadAsync(
        IEnumerable<StreamRecord> records,
        RecordDecoder decoder,
        ChannelWriter<ChangeBatch> batches,
        CancellationToken cancellation
    )
    {
        try
        {
            // An archive has no live reader to be fresh for: its batches are closed by size alone.
            var builder = new BatchBuilder(decoder, options.Unhurried(), metrics, clock) { IsReplay = true };
            foreach (var record in records)
            {
                builder.Add(record, out _);
                if (builder.IsDue)
                {
                    await batches.WriteAsync(builder.Take()!, cancellation);
                }
            }
            if (builder.Take() is { } last)
            {
                await batches.WriteAsync(last, cancellation);
            }
            batches.Complete();
        }
        catch (Exception failure)
        {
            batches.Complete(failure);
            throw;
        }
    }
}
