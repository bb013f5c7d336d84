using Betting.CdcSink.Batches;
using Betting.CdcSink.Lag;
using Betting.CdcSink.Write;
using Microsoft.Extensions.Logging;

namespace Betting.CdcSink.Snapshots;

/// <summary>
/// Looks whether each watermark stands higher in PostgreSQL's log than the one before it in its partition. Where one does not, the log went back: PostgreSQL
/// was restored or failed over to a replica that lagged, and the connector reads from a lower position. What ClickHouse has of the lost part stays.
/// </summary>
/// <remarks>Called batch by batch in the order of reading, before the batch's watermarks are stored.</remarks>
public sealed class LogSigns(ChangeStore store, WatermarkStore watermarks, CdcSinkMetrics metrics, TimeProvider clock, ILogger<LogSigns> log)
{
    static readonly TimeSpan LogEvery = TimeSpan.FromMinutes(1);

    long? _logged;

    /// <summary>Reports each watermark of the batch that is lower than the one before it, and asks for a reconciliation.</summary>
    public async Task NoticeAsync(ChangeBatch batch, CancellationToken cancellation)
    {
        foreach (var run in batch.Watermarks.GroupBy(each => (each.Topic, each.Partition, each.Version.Epoch)))
        {
            var before = await watermarks.LastVersionBeforeAsync(run.First(), cancellation);
            var earlier = new List<StreamedWatermark>();
            foreach (var watermark in run)
            {
                if (watermark.Version.Value < before && !await WasBroughtAsync(watermark, earlier, cancellation))
                {
                    await ReportAsync(watermark, earlier, cancellation);
                }
                before = watermark.Version.Value;
                earlier.Add(watermark);
            }
        }
    }

    // A connector that was killed sends again what it sent before.
    async Task<bool> WasBroughtAsync(StreamedWatermark watermark, List<StreamedWatermark> earlier, CancellationToken cancellation) =>
        earlier.Exists(each => each.Version == watermark.Version && each.At == watermark.At) || await watermarks.WasBroughtAsync(watermark, cancellation);

    async Task ReportAsync(StreamedWatermark watermark, List<StreamedWatermark> earlier, CancellationToken cancellation)
    {
        var epoch = watermark.Version.Epoch;
        metrics.LogWentBack();
        if (_logged is not { } last || clock.GetElapsedTime(last) >= LogEvery)
        {
            _logged = clock.GetTimestamp();
            CdcSinkLog.LogWentBack(log, watermark.Version.Lsn, Moment(watermark.At), epoch);
        }
        var below = earlier.Where(each => each.Version.Value < watermark.Version.Value).Select(each => each.At).Append(await watermarks.LastBelowAsync(watermark, cancellation)).Max();
        var proven = below == 0 ? 0 : (new Watermark(Moment(below), default).AsOf - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        await store.AskReconciliationAsync(
            Sign.Of(FormattableString.Invariant($"the log of epoch {epoch} went back"), watermark), "PostgreSQL's log went back without a new epoch", new Hold(proven), cancellation);
    }

    static DateTimeOffset Moment(long micros) => DateTimeOffset.UnixEpoch.AddTicks(micros * TimeSpan.TicksPerMicrosecond);
}
