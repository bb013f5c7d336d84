using System.Collections.Concurrent;
using System.Globalization;
using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Commit;
using Betting.CdcSink.Messages;
using Betting.CdcSink.Snapshots;
using Betting.Debezium;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Signs;

/// <summary>
/// Signs in a batch that what ClickHouse shows may differ from PostgreSQL although every record had its effect. Each is logged, counted,
/// and a reconciliation is asked for, which holds <c>data_as_of</c> until a run has found everything equal.
/// </summary>
public sealed class StreamSigns(
    ChangeStore store,
    SnapshotStore snapshots,
    LostChanges lost,
    BatchPlace stored,
    ClockJumpReport jumps,
    CdcSinkMetrics metrics,
    TimeProvider clock,
    ILogger<StreamSigns> log
)
{
    const int BeginsAtOnce = 16;

    static readonly TimeSpan LogEvery = TimeSpan.FromMinutes(1);

    // By table; two batches are looked at side by side.
    readonly ConcurrentDictionary<string, long> _logged = [];

    // The offset of the first read that was looked at. Later ones, of this batch or of others, say nothing new.
    readonly ConcurrentDictionary<(SourceTable Table, ChangeVersion Version, int Partition), long> _begun = [];

    // Snapshots whose repetition this process has reported: each partition of a topic meets its begin.
    readonly ConcurrentDictionary<(SourceTable Table, ChangeVersion Version), bool> _repeated = [];

    // The last change of each table that an earlier batch brought.
    readonly ConcurrentDictionary<SourceTable, (long Id, ulong Version)> _last = [];

    /// <summary>Looks at a batch whose changes and markers are stored: all questions at once, each a small one.</summary>
    public Task NoticeAsync(ChangeBatch batch, CancellationToken cancellation) =>
        Task.WhenAll([
            NoticeLossAsync(batch, cancellation),
            NoticeBeginsAsync(batch, cancellation),
            .. batch.ReadIncrementally.Select(read =>
                NoticeIncrementalAsync(batch, read.Key.Table, read.Key.Epoch, read.Value, cancellation)
            ),
            .. batch
                .StreamedUntil.All.GroupBy(each => each.Epoch)
                .Select(each => NoticeLowerEpochAsync(batch, each.Key, each, cancellation)),
        ]);

    /// <summary>A whole batch is recorded, and with it the jumps of PostgreSQL's clock that it shows.</summary>
    public void NoticeClockJumps(ChangeBatch batch) => jumps.Found(batch.ClockJumps);

    /// <summary>An acknowledged change is not there any more; see <see cref="LostChanges"/>.</summary>
    async Task NoticeLossAsync(ChangeBatch batch, CancellationToken cancellation)
    {
        await Task.WhenAll(_last.ToArray().Select(last => NoticeLossAsync(last.Key, last.Value, cancellation)));
        foreach (var (table, change) in batch.LastChanges)
        {
            _last[table] = change;
        }
    }

    async Task NoticeLossAsync(SourceTable table, (long Id, ulong Version) change, CancellationToken cancellation)
    {
        if (!await store.HasChangeAsync(table, change.Id, change.Version, cancellation))
        {
            await lost.ReportAsync(table, change.Id, change.Version, cancellation);
            _last.TryRemove(KeyValuePair.Create(table, change));
        }
    }

    async Task NoticeBeginsAsync(ChangeBatch batch, CancellationToken cancellation)
    {
        foreach (var starts in batch.SnapshotStarts.Where(IsBegin).Chunk(BeginsAtOnce))
        {
            var areRepetitions = await Task.WhenAll(starts.Select(start => IsRepetitionAsync(start, cancellation)));
            foreach (
                var (start, _) in starts
                    .Zip(areRepetitions)
                    .Where(each => each.Second)
                    .DistinctBy(each => (each.First.Table, each.First.Version))
            )
            {
                await ReportRepetitionAsync(start, cancellation);
            }
            foreach (var start in starts)
            {
                _begun[(start.Table, start.Version, start.Partition)] = start.Offset;
            }
        }
        if (batch is { HasMoreSnapshots: true, SnapshotStarts: [.., var last] })
        {
            await ReportRepetitionAsync(last, cancellation);
        }
    }

    // A partition that is read again from before its first read is looked at again: ClickHouse may be another one.
    bool IsBegin(Snapshot start) =>
        !_begun.TryGetValue((start.Table, start.Version, start.Partition), out var first) || start.Offset <= first;

    /// <summary>
    /// A snapshot in an epoch that has streamed changes cannot outrank them, and rows that were deleted while nobody captured stay. The
    /// same holds for a second snapshot: nothing tells which rows of the first are gone. Streamed changes behind it are no sign, because
    /// the topics may be read a second time; nor is the same snapshot. What the end of a snapshot says is settled by
    /// <see cref="SnapshotSettlement"/>.
    /// </summary>
    async Task<bool> IsRepetitionAsync(Snapshot start, CancellationToken cancellation)
    {
        // A replica that takes over in the middle of a snapshot meets no begin.
        if (await snapshots.HasEarlierReadsAsync(start, cancellation))
        {
            return false;
        }
        var isLater = await snapshots.HasStreamedBeforeAsync(start.Table, new SnapshotReads(start.Version), cancellation);
        if (isLater)
        {
            await snapshots.NoteLaterAsync(start, cancellation);
        }
        // Neither suffices alone: a transaction that was open when the slot was made has rows before the reads, and a connector may wait
        // before it reads.
        var streamed = ChangeVersion.Of(start.Version.Epoch, streamed: true, 0);
        var here = ChangeVersion.Of(start.Version.Epoch, streamed: true, start.Version.Lsn);
        return (isLater && await store.HasChangesAsync(start.Table, streamed, here, cancellation))
            || (
                start.IsFirst
                    ? await snapshots.HasAnotherAsync(start.Version, cancellation)
                    : await snapshots.HasOtherReadsAsync(start.Version, cancellation)
            );
    }

    async Task ReportRepetitionAsync(Snapshot start, CancellationToken cancellation)
    {
        if (_repeated.TryAdd((start.Table, start.Version), true))
        {
            metrics.RepeatedSnapshot(start.Table.ToString());
            CdcSinkLog.SnapshotInUsedEpoch(log, start.Topic, start.Version.Epoch);
        }
        await store.AskReconciliationAsync(
            $"snapshot of {start.Topic} in epoch {start.Version.Epoch} at {start.Version.Lsn}",
            "a snapshot began in an epoch that has streamed changes or another snapshot",
            Hold.Now,
            cancellation
        );
    }

    /// <summary>
    /// An incremental snapshot reads rows beside the stream, chunk by chunk, and its end is not marked: nothing tells whether what it reads
    /// was captured before, nor when it has read everything. Where no snapshot has read the table whole in this epoch, nothing of it is
    /// proven.
    /// </summary>
    /// <remarks>Every batch with such reads asks, so that the last run begins after the last of them.</remarks>
    async Task NoticeIncrementalAsync(ChangeBatch batch, SourceTable table, int epoch, ChangeVersion first, CancellationToken cancellation)
    {
        if (await stored.IsRecordedAsync(batch, table, cancellation))
        {
            return;
        }
        var hold = await snapshots.HasWholeAsync(table, epoch, cancellation) ? Hold.Now : Hold.All;
        await store.AskReconciliationAsync(
            new Sign(FormattableString.Invariant($"incremental snapshot of {table} in epoch {epoch}"), BatchPlace.Of(batch, table, first)),
            "an incremental snapshot reads rows that may not have been captured",
            hold,
            cancellation
        );
    }

    /// <summary>
    /// Changes that were committed after a newer epoch began lose to it by their version. Older ones are no sign: topics
    /// keep them, and they may be read a second time.
    /// </summary>
    /// <remarks>Every batch with such changes asks: a run says nothing about what comes after its beginning.</remarks>
    async Task NoticeLowerEpochAsync(ChangeBatch batch, int epoch, IEnumerable<StreamedEpoch> changes, CancellationToken cancellation)
    {
        if (await snapshots.NewerThanAsync(epoch, cancellation) is not { } newer)
        {
            return;
        }
        foreach (var change in changes.Where(each => each.CommittedAt > newer.At))
        {
            var name = change.Table.ToString();
            metrics.LowerEpoch(name);
            if (!_logged.TryGetValue(name, out var last) || clock.GetElapsedTime(last) >= LogEvery)
            {
                _logged[name] = clock.GetTimestamp();
                CdcSinkLog.EpochWentBack(log, name, epoch, Moment(change.CommittedAt), newer.Epoch, Moment(newer.At));
            }
            if (!await stored.IsRecordedAsync(batch, change.Table, cancellation))
            {
                await store.AskReconciliationAsync(
                    new Sign(
                        string.Create(CultureInfo.InvariantCulture, $"epoch {epoch} of {name} after epoch {newer.Epoch}"),
                        BatchPlace.Of(batch, change.Table, change.Version)
                    ),
                    "changes have a lower epoch than a snapshot before them",
                    new Hold(newer.At),
                    cancellation
                );
            }
        }
    }

    static DateTimeOffset Moment(long micros) => DateTimeOffset.UnixEpoch.AddTicks(micros * TimeSpan.TicksPerMicrosecond);
}
