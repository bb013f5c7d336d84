using System.Collections.Concurrent;
using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Messages;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Signs;

/// <summary>
/// Looks whether each watermark stands higher in PostgreSQL's log than the one before it in its partition. Where one does not, the log
/// went back: PostgreSQL was restored or failed over to a replica that lagged, and the connector reads from a lower position. What
/// ClickHouse has of the lost part stays.
/// </summary>
/// <remarks>Called batch by batch in the order of reading.</remarks>
public sealed class LogSigns(
    ChangeStore store,
    WatermarkStore watermarks,
    CdcSinkMetrics metrics,
    TimeProvider clock,
    ILogger<LogSigns> log
)
{
    static readonly TimeSpan LogEvery = TimeSpan.FromMinutes(1);

    // The last watermarks that this replica read for the first time.
    readonly ConcurrentDictionary<(string Topic, int Partition, int Epoch), Reached> _reached = [];
    long? _logged;

    /// <summary>How high the log stood when a batch ended.</summary>
    /// <param name="Run">Of these watermarks.</param>
    /// <param name="Assignment">Another replica may have read on in a later one.</param>
    /// <param name="Offset">Of the last watermark of the batch.</param>
    /// <param name="Version">Of the last watermark that was read for the first time.</param>
    public readonly record struct Reached((string Topic, int Partition, int Epoch) Run, Assignment? Assignment, long Offset, ulong Version);

    /// <summary>
    /// Reports each watermark of the batch that is lower than the one before it, and asks for a reconciliation. Called before they are
    /// stored.
    /// </summary>
    /// <returns>For <see cref="Note"/> once they are.</returns>
    public async Task<List<Reached>> NoticeAsync(ChangeBatch batch, CancellationToken cancellation)
    {
        var reached = new List<Reached>();
        foreach (var run in batch.Watermarks.GroupBy(each => (each.Topic, each.Partition, each.Version.Epoch)))
        {
            // After a start or a rewind, the highest one: while the log is below it, the sign comes once more.
            var first = run.First();
            var before =
                _reached.TryGetValue(run.Key, out var known) && known.Assignment == batch.Assignment && known.Offset < first.Offset
                    ? known.Version
                    : await watermarks.HighestBeforeAsync(first, cancellation);
            var earlier = new List<StreamedWatermark>();
            foreach (var watermark in run)
            {
                if (watermark.Version.Value >= before)
                {
                    before = watermark.Version.Value;
                }
                else if (!await WasBroughtAsync(watermark, earlier, cancellation))
                {
                    await ReportAsync(watermark, earlier, cancellation);
                    before = watermark.Version.Value;
                }
                earlier.Add(watermark);
            }
            reached.Add(new Reached(run.Key, batch.Assignment, earlier[^1].Offset, before));
        }
        return reached;
    }

    /// <summary>The batch's watermarks are stored.</summary>
    public void Note(List<Reached> reached)
    {
        foreach (var last in reached)
        {
            _reached[last.Run] = last;
        }
    }

    // A connector that was killed sends again what it sent before.
    async Task<bool> WasBroughtAsync(StreamedWatermark watermark, List<StreamedWatermark> earlier, CancellationToken cancellation) =>
        earlier.Exists(each => each.Version == watermark.Version && each.At == watermark.At)
        || await watermarks.WasBroughtAsync(watermark, cancellation);

    async Task ReportAsync(StreamedWatermark watermark, List<StreamedWatermark> earlier, CancellationToken cancellation)
    {
        var epoch = watermark.Version.Epoch;
        metrics.LogWentBack();
        if (_logged is not { } last || clock.GetElapsedTime(last) >= LogEvery)
        {
            _logged = clock.GetTimestamp();
            CdcSinkLog.LogWentBack(log, watermark.Version.Lsn, Moment(watermark.At), epoch);
        }
        var below = earlier
            .Where(each => each.Version.Value < watermark.Version.Value)
            .Select(each => each.At)
            .Append(await watermarks.LastBelowAsync(watermark, cancellation))
            .Max();
        var proven =
            below == 0 ? 0 : (new Watermark(Moment(below), default).AsOf - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        await store.AskReconciliationAsync(
            Sign.Of(FormattableString.Invariant($"the log of epoch {epoch} went back"), watermark),
            "PostgreSQL's log went back without a new epoch",
            new Hold(proven),
            cancellation
        );
    }

    static DateTimeOffset Moment(long micros) => DateTimeOffset.UnixEpoch.AddTicks(micros * TimeSpan.TicksPerMicrosecond);
}
