using Betting.CdcSink.Batches;
using Betting.CdcSink.Join;
using Betting.CdcSink.Snapshots;

namespace Betting.CdcSink.Write;

/// <summary>
/// Gives a batch its effect, in the order that makes any interleaving of writers right: its changes first, then the join of what
/// they touch as it is stored after that, then what tells how far the stream has come. May be repeated from the start at any time.
/// </summary>
public sealed class BatchApplier(
    ChangeStore store, BetJoin join, StreamSigns signs, ChainSigns chain, IDeadLetters deadLetters, Progress progress, CdcSinkMetrics metrics, TimeProvider clock)
{
    readonly Stages _stages = new(metrics, clock);

    /// <summary>Takes what is joined beside the batches; null where everything is joined at once, as in a replay.</summary>
    public Func<LargeJoin, CancellationToken, ValueTask>? Beside { get; set; }

    /// <param name="before">What has to be done before this batch's progress is recorded: progress never passes a batch without its effect.</param>
    public async Task ApplyAsync(ChangeBatch batch, Task before, CancellationToken cancellation)
    {
        await _stages.TimeAsync("changes", () => Task.WhenAll(
            batch.Rows.Tables.Select(each => store.InsertAsync(each.Table, each.Rows, cancellation)).Append(InsertCommitSecondsAsync(batch, cancellation))));
        metrics.Inserted(batch.Rows);
        await store.InsertAsync("snapshot_markers", batch.Rows.SnapshotMarkers, cancellation);
        await store.InsertAsync("clock_jumps", batch.Rows.ClockJumps, cancellation);
        // The signs look at what is stored and change nothing, so the join does not wait for them.
        await Task.WhenAll(
            _stages.TimeAsync("signs", () => signs.NoticeAsync(batch, cancellation)),
            batch.Touched.IsEmpty ? Task.CompletedTask : _stages.TimeAsync("join", () => JoinAsync(batch, cancellation)));
        if (batch.DeadLetters.Count > 0)
        {
            await _stages.TimeAsync("dead-letters", () => deadLetters.SendAsync(batch.DeadLetters, cancellation));
            batch.DeadLetters.Clear();
        }
        await before.WaitAsync(cancellation);
        await _stages.TimeAsync("progress", () => RecordProgressAsync(batch, cancellation));
        if (batch.Beside is { } large)
        {
            foreach (var topic in large.Topics)
            {
                if (batch.CommitTimes.Remove(topic, out var times))
                {
                    large.CommitTimes.Add((topic, times));
                }
            }
            await Beside!(large, cancellation);
        }
        if (batch.Records > 0)
        {
            metrics.Batch(batch.Records);
        }
        metrics.Visible(batch.CommitTimes.Select(each => (each.Key, each.Value)), clock);
    }

    /// <summary>Beside the changes, and so before progress: a watermark becomes visible only when the commits before it are there.</summary>
    async Task InsertCommitSecondsAsync(ChangeBatch batch, CancellationToken cancellation)
    {
        if (batch.Positions.Count > 0)
        {
            // A replay has no watermarks, and no moment that is proven.
            using var rows = batch.CommitSeconds.ToRows();
            await store.InsertAsync("commit_seconds", rows, cancellation);
        }
    }

    async Task JoinAsync(ChangeBatch batch, CancellationToken cancellation)
    {
        var large = await join.OfBatchAsync(batch, cancellation);
        if (large is null || (Beside is not null && batch.Positions.Count > 0))
        {
            // A repeated attempt keeps what holds progress already.
            batch.Beside ??= large;
            return;
        }
        using var pages = join.PagesOf(large);
        for (long? next = long.MinValue; next is { } from;)
        {
            using var page = await pages.ReadAsync(from, cancellation);
            await join.InsertAsync(page, cancellation);
            next = page.Next;
        }
    }

    async Task RecordProgressAsync(ChangeBatch batch, CancellationToken cancellation)
    {
        await store.InsertAsync("fences", batch.Rows.Fences, cancellation);
        if (batch.Positions.Count > 0)
        {
            // A replay says nothing of how far the topics have come.
            await chain.NoticeAsync(batch, cancellation);
            await Task.WhenAll(store.InsertAsync("watermarks", batch.Rows.Watermarks, cancellation), chain.KeepAsync(batch, cancellation));
            chain.Note(batch);
        }
        await progress.RecordAsync(batch, cancellation);
    }
}
