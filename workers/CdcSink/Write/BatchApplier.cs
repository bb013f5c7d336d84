using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Commit;
using Betting.CdcSink.Join;
using Betting.CdcSink.Messages;
using Betting.CdcSink.Signs;

namespace Betting.CdcSink.Write;

/// <summary>
/// Gives a batch its effect, in the order that makes any interleaving of writers right: its changes first, then the join of what
/// they touch as it is stored after that, then what tells how far the stream has come. May be repeated from the start at any time.
/// </summary>
public sealed class BatchApplier(
    ChangeStore store,
    BetJoin join,
    StreamSigns signs,
    ChainSigns chain,
    LogSigns logSigns,
    IDeadLetters deadLetters,
    Progress progress,
    CdcSinkMetrics metrics,
    TimeProvider clock
)
{
    readonly Stages _stages = new(metrics, clock);

    /// <summary>
    /// True while dead letters are on their way, or positions are committed: not ClickHouse is waited for. For any thread.
    /// </summary>
    public bool WaitsForKafka => deadLetters.WaitsForKafka || progress.IsCommitting;

    /// <summary>Takes what is joined beside the batches; null where everything is joined at once, as in a replay.</summary>
    public Func<LargeJoin, CancellationToken, ValueTask>? DeferJoin { get; set; }

    /// <param name="batch">A whole batch.</param>
    /// <param name="before">
    /// What has to be done before this batch's progress is recorded: progress never passes a batch without its effect.
    /// </param>
    /// <param name="cancellation">Ends it.</param>
    public async Task ApplyAsync(ChangeBatch batch, Task before, CancellationToken cancellation)
    {
        await StoreAsync(batch, cancellation);
        await RecordAsync(batch, before, cancellation);
    }

    /// <summary>Stores the changes of a batch, or of a part of one, and the rows that follow from them.</summary>
    /// <exception cref="OwnRowsRefusedException">ClickHouse refuses data of its records.</exception>
    public async Task StoreAsync(ChangeBatch batch, CancellationToken cancellation)
    {
        await _stages.TimeAsync("changes", () =>
            Task.WhenAll(
                batch
                    .Rows.Tables.Select(each => OwnRowsRefusedException.OfAsync(store.InsertAsync(each.Table, each.Rows, cancellation)))
                    .Append(InsertCommitSecondsAsync(batch, cancellation))
            )
        );
        metrics.Inserted(batch.Rows);
        await store.InsertAsync("snapshot_markers", batch.Rows.SnapshotMarkers, cancellation);
        // The signs look at what is stored and change nothing, so the join does not wait for them.
        await Task.WhenAll(
            _stages.TimeAsync("signs", () => signs.NoticeAsync(batch, cancellation)),
            batch.Touched.IsEmpty ? Task.CompletedTask : _stages.TimeAsync("join", () => JoinAsync(batch, cancellation))
        );
    }

    /// <summary>
    /// Records a whole batch whose changes and rows are stored, at once or part by part: what it says besides, and how far it came.
    /// </summary>
    public async Task RecordAsync(ChangeBatch batch, Task before, CancellationToken cancellation)
    {
        if (batch.DeadLetters.Count > 0)
        {
            // The first or the last read of a snapshot may be a record that ClickHouse refused: it marks the snapshot all the same.
            await store.InsertAsync("snapshot_markers", batch.Rows.SnapshotMarkers, cancellation);
            await _stages.TimeAsync("dead-letters", () => deadLetters.SendAsync(batch.DeadLetters, cancellation));
            progress.PutAside(batch.DeadLetters);
            batch.DeadLetters.Clear();
        }
        await before.WaitAsync(cancellation);
        await _stages.TimeAsync("progress", () => RecordProgressAsync(batch, cancellation));
        if (batch.DeferredJoin is { } large)
        {
            foreach (var topic in large.Topics)
            {
                if (batch.CommitTimes.Remove(topic, out var times))
                {
                    large.CommitTimes.Add((topic, times));
                }
            }
            large.Assignment = batch.Assignment;
            await DeferJoin!(large, cancellation);
        }
        if (batch.Records > 0)
        {
            metrics.Batch(batch.Records);
        }
        metrics.Visible(batch.CommitTimes.Select(each => (each.Key, each.Value)));
    }

    /// <summary>
    /// Beside the changes, and so before progress: a watermark becomes visible only when the commits before it are there.
    /// </summary>
    async Task InsertCommitSecondsAsync(ChangeBatch batch, CancellationToken cancellation)
    {
        if (!batch.IsReplay)
        {
            // A replay has no watermarks, and no moment that is proven.
            using var rows = batch.CommitSeconds.ToRows();
            await store.InsertAsync("commit_seconds", rows, cancellation);
        }
    }

    async Task JoinAsync(ChangeBatch batch, CancellationToken cancellation)
    {
        if (await join.OfBatchAsync(batch, cancellation) is not { } large)
        {
            return;
        }
        if (DeferJoin is not null)
        {
            // A repeated attempt keeps what holds progress already.
            (batch.PartOf ?? batch).Leave(large);
            return;
        }
        using var pages = join.PagesOf(large);
        for (long? next = long.MinValue; next is { } from; )
        {
            using var page = await pages.ReadAsync(from, cancellation);
            await join.InsertAsync(page, cancellation);
            next = page.Next;
        }
    }

    async Task RecordProgressAsync(ChangeBatch batch, CancellationToken cancellation)
    {
        await store.InsertAsync("clock_jumps", batch.Rows.ClockJumps, cancellation);
        await store.InsertAsync("fences", batch.Rows.Fences, cancellation);
        if (!batch.IsReplay)
        {
            await chain.NoticeAsync(batch, cancellation);
            var reached = await logSigns.NoticeAsync(batch, cancellation);
            await Task.WhenAll(store.InsertAsync("watermarks", batch.Rows.Watermarks, cancellation), chain.KeepAsync(batch, cancellation));
            chain.Note(batch);
            logSigns.Note(reached);
        }
        await progress.RecordAsync(batch, cancellation);
        signs.NoticeClockJumps(batch);
    }
}
