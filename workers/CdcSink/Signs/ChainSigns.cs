using System.Collections.Concurrent;
using System.Globalization;
using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Messages;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Signs;

/// <summary>
/// Looks whether each watermark follows the one before it. Debezium asks a restored or promoted PostgreSQL only for what it commits above
/// the position that Kafka Connect has stored, so the next watermark stands higher in the log than the last one, as if nothing had been
/// lost.
/// </summary>
/// <remarks>To be asked batch by batch in the order of reading: two batches side by side would not know each other's watermarks.</remarks>
public sealed class ChainSigns(
    ChangeStore store,
    WatermarkStore watermarks,
    CdcSinkOptions options,
    CdcSinkMetrics metrics,
    TimeProvider clock,
    ILogger<ChainSigns> log
)
{
    static readonly TimeSpan LogEvery = TimeSpan.FromMinutes(1);

    readonly ConcurrentDictionary<(string Topic, int Partition, int Epoch), Recorded> _recorded = [];
    readonly ConcurrentDictionary<ChainBreakKind, long> _logged = [];

    /// <summary>What this replica recorded last; another one may have recorded more since the partitions changed hands.</summary>
    readonly record struct Recorded(Assignment? Assignment, ulong Generation, StreamedWatermark Last);

    /// <summary>Before the batch's watermarks are stored: one that is stored was looked at.</summary>
    public async Task NoticeAsync(ChangeBatch batch, CancellationToken cancellation)
    {
        foreach (var run in RunsOf(batch))
        {
            var first = run.First();
            var before = RecordedBefore(run.Key, batch, first)
                ?? await watermarks.LastBeforeAsync(first, GenerationOf(batch, first), cancellation);
            foreach (var found in WatermarkChain.Breaks(before, run, options.CaptureGap))
            {
                if (!await watermarks.HasAsync(found.Watermark, cancellation))
                {
                    await ReportAsync(found, await HoldAsync(found, batch, cancellation), cancellation);
                }
            }
        }
    }

    /// <summary>Keeps the last watermarks of the batch where they do not expire.</summary>
    public async Task KeepAsync(ChangeBatch batch, CancellationToken cancellation)
    {
        using var last = LastWatermarks.Of(RunsOf(batch).SelectMany(run => run), watermark => GenerationOf(batch, watermark));
        await store.InsertAsync("last_watermarks", last, cancellation);
    }

    /// <summary>The batch's watermarks are stored.</summary>
    public void Note(ChangeBatch batch)
    {
        foreach (var run in RunsOf(batch))
        {
            var last = run.Last();
            _recorded[run.Key] = new Recorded(batch.Assignment, GenerationOf(batch, last), last);
        }
    }

    static IEnumerable<IGrouping<(string Topic, int Partition, int Epoch), StreamedWatermark>> RunsOf(ChangeBatch batch) =>
        batch.Watermarks.Where(each => each.Link.IsKnown).GroupBy(each => (each.Topic, each.Partition, each.Version.Epoch));

    static ulong GenerationOf(ChangeBatch batch, StreamedWatermark watermark) =>
        batch.Positions.Find(each => each.Topic == watermark.Topic && each.Partition == watermark.Partition).Generation;

    StreamedWatermark? RecordedBefore((string, int, int) run, ChangeBatch batch, StreamedWatermark first) =>
        _recorded.TryGetValue(run, out var recorded)
        && recorded.Assignment == batch.Assignment
        && recorded.Generation == GenerationOf(batch, first)
        && recorded.Last.Offset < first.Offset
            ? recorded.Last
            : null;

    /// <summary>
    /// What was committed before the named predecessor was written is in PostgreSQL as it was read. Where the predecessor never came,
    /// nobody knows how old the state is that PostgreSQL went back to.
    /// </summary>
    async Task<Hold> HoldAsync(ChainBreak found, ChangeBatch batch, CancellationToken cancellation)
    {
        if (found.Kind == ChainBreakKind.Gap)
        {
            return Hold.None;
        }
        if (found.Kind == ChainBreakKind.Incomplete)
        {
            // No watermark since the last whole one has become visible.
            return Hold.Now;
        }
        if (found.Kind != ChainBreakKind.Predecessor)
        {
            return Before(found.Before.At);
        }
        var named = found.Watermark.Link.Previous;
        var here = batch.Watermarks.Find(each => each.Link.Id == named);
        return here.Link.IsKnown ? Before(here.At)
            : await watermarks.TimeOfAsync(found.Watermark, named, cancellation) is { } at ? Before(at)
            : Hold.All;
    }

    static Hold Before(long at) => new Watermark(Moment(at), default).Hold;

    async Task ReportAsync(ChainBreak found, Hold hold, CancellationToken cancellation)
    {
        var (before, next) = (found.Before, found.Watermark);
        var (at, epoch) = (Moment(next.At), next.Version.Epoch);
        metrics.WatermarkBreak(found.Kind);
        if (!_logged.TryGetValue(found.Kind, out var last) || clock.GetElapsedTime(last) >= LogEvery)
        {
            _logged[found.Kind] = clock.GetTimestamp();
            switch (found.Kind)
            {
                case ChainBreakKind.Predecessor:
                    CdcSinkLog.WatermarkChainBroken(
                        log,
                        at,
                        next.Version.Lsn,
                        next.Link.Timeline,
                        Moment(before.At),
                        before.Version.Lsn,
                        before.Link.Timeline,
                        epoch
                    );
                    break;
                case ChainBreakKind.Timeline:
                    CdcSinkLog.TimelineChanged(log, before.Link.Timeline, next.Link.Timeline, Moment(before.At), at, epoch);
                    break;
                case ChainBreakKind.Publication:
                    CdcSinkLog.PublicationChanged(log, Moment(before.At), at, epoch);
                    break;
                case ChainBreakKind.Incomplete:
                    CdcSinkLog.PublicationIncomplete(log, at, epoch);
                    break;
                case ChainBreakKind.Gap:
                    CdcSinkLog.CaptureGap(log, Moment(before.At), at, epoch);
                    break;
            }
        }
        await store.AskReconciliationAsync(
            Sign.Of(string.Create(CultureInfo.InvariantCulture, $"{found.Kind} of the watermarks of epoch {epoch}"), next),
            ReasonOf(found.Kind),
            hold,
            cancellation
        );
    }

    static string ReasonOf(ChainBreakKind kind) =>
        kind switch
        {
            ChainBreakKind.Publication => "the publication or the definition of a table was changed: changes may have been left out of "
                + "the stream",
            ChainBreakKind.Incomplete => "the publication does not send every change of users, events and bets",
            ChainBreakKind.Gap => "capture stood still: the slot may have been moved, or a part of the log lost",
            _ => "PostgreSQL may have been restored or promoted without a new epoch",
        };

    static DateTimeOffset Moment(long micros) => DateTimeOffset.UnixEpoch.AddTicks(micros * TimeSpan.TicksPerMicrosecond);
}
