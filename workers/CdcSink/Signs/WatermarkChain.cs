using Betting.CdcSink.Messages;

namespace Betting.CdcSink.Signs;

/// <summary>
/// Compares each watermark with the one before it in its partition. PostgreSQL keeps the id of the last one in a row, so a watermark that
/// names another predecessor comes from a log that lacks what was read before: a restored or promoted PostgreSQL. Pure.
/// </summary>
public static class WatermarkChain
{
    /// <param name="before">
    /// The last watermark of the partition and epoch before these; null where none is known, which says nothing of the first.
    /// </param>
    /// <param name="watermarks">Of one partition and epoch, in the order of their offsets; those without a link are passed over.</param>
    /// <param name="gap">Watermarks further apart than this leave a gap.</param>
    /// <returns>
    /// What does not follow the one before it, and the last one that was written under an incomplete publication. A watermark that was sent
    /// before may be among them: a connector repeats what it sent.
    /// </returns>
    public static List<ChainBreak> Breaks(StreamedWatermark? before, IEnumerable<StreamedWatermark> watermarks, TimeSpan gap)
    {
        var breaks = new List<ChainBreak>();
        var seen = new HashSet<Guid>();
        ChainBreak? incomplete = null;
        if (before is { } known)
        {
            seen.Add(known.Link.Id);
        }
        foreach (var watermark in watermarks.Where(each => each.Link.IsKnown))
        {
            if (seen.Add(watermark.Link.Id))
            {
                if (before is { } last && Judge(last, watermark, gap) is { } kind)
                {
                    breaks.Add(new ChainBreak(last, watermark, kind));
                }
                if (watermark.Link.IsIncomplete)
                {
                    incomplete = new ChainBreak(before ?? watermark, watermark, ChainBreakKind.Incomplete);
                }
            }
            before = watermark;
        }
        return incomplete is { } latest ? [.. breaks, latest] : breaks;
    }

    /// <summary>
    /// A watermark with the same predecessor as the last one is no break: the message of an older query is in the log when it is written,
    /// and the transaction that was to record it as the last one was rolled back. Where PostgreSQL was restarted between the two it is one:
    /// a restart rolls back nothing that came, so PostgreSQL was restored from a copy that is older than the last one.
    /// </summary>
    static ChainBreakKind? Judge(in StreamedWatermark last, in StreamedWatermark next, TimeSpan gap)
    {
        var (before, link) = (last.Link, next.Link);
        var isRestarted = link.StartedAt != before.StartedAt && link.StartedAt != 0 && before.StartedAt != 0;
        if (link.Previous != before.Id && (link.Previous != before.Previous || isRestarted))
        {
            return ChainBreakKind.Predecessor;
        }
        if (link.Timeline != before.Timeline && link.Timeline != 0 && before.Timeline != 0)
        {
            return ChainBreakKind.Timeline;
        }
        if (link.Publication != before.Publication && link.Publication != Guid.Empty && before.Publication != Guid.Empty)
        {
            return ChainBreakKind.Publication;
        }
        return next.At - last.At > gap.Ticks / TimeSpan.TicksPerMicrosecond ? ChainBreakKind.Gap : null;
    }
}

/// <summary>Two watermarks that do not follow each other.</summary>
/// <param name="Before">The last one before it in its partition and epoch.</param>
/// <param name="Watermark">The one that does not follow it.</param>
/// <param name="Kind">In what they differ.</param>
public readonly record struct ChainBreak(StreamedWatermark Before, StreamedWatermark Watermark, ChainBreakKind Kind);

/// <summary>How a watermark does not follow the one before it.</summary>
public enum ChainBreakKind
{
    /// <summary>
    /// It names another predecessor: PostgreSQL's log does not have what was read before it, or Kafka lost what came between them.
    /// </summary>
    Predecessor,

    /// <summary>
    /// It names the right predecessor and another timeline: PostgreSQL was promoted or restored, and nobody knows what was lost.
    /// </summary>
    Timeline,

    /// <summary>
    /// It names the right predecessor and another publication: changes between the two may have been left out of the stream.
    /// </summary>
    Publication,

    /// <summary>
    /// Its own publication does not send every change of the three tables, whatever the one before it says. It comes with each batch while
    /// that is so: a run proves only what was committed before it began.
    /// </summary>
    Incomplete,

    /// <summary>
    /// It names the right predecessor and comes long after it: the connector was stopped. Nothing says that a change is missing, and
    /// nothing says that nobody moved the slot meanwhile: see docs/decisions/watermark-chain.md.
    /// </summary>
    Gap,
}
