using Betting.Debezium;

namespace Betting.CdcSink.Messages;

/// <summary>A watermark, and where its record stands.</summary>
/// <param name="Version">Its position in PostgreSQL's log.</param>
/// <param name="At">Its time, microseconds since 1970 UTC.</param>
/// <param name="Topic">Of the record.</param>
/// <param name="Partition">Of the record.</param>
/// <param name="Offset">Of the record.</param>
/// <param name="Link">Which watermark precedes it.</param>
public readonly record struct StreamedWatermark(
    ChangeVersion Version,
    long At,
    string Topic,
    int Partition,
    long Offset,
    WatermarkLink Link
);

/// <summary>What a watermark says of the one before it. All zero where the message does not say it.</summary>
/// <param name="Id">The watermark's own id.</param>
/// <param name="Previous">The id of the last watermark whose transaction PostgreSQL committed before it wrote this one.</param>
/// <param name="Timeline">PostgreSQL's timeline; 0 where it is not known.</param>
/// <param name="Publication">Hash of the publication's catalog rows; nil where it is not known.</param>
/// <param name="IsIncomplete">True where the message says that the publication does not send every change of the three tables.</param>
/// <param name="StartedAt">When PostgreSQL was started, microseconds since 1970 UTC; 0 where it is not known.</param>
public readonly record struct WatermarkLink(
    Guid Id,
    Guid Previous,
    uint Timeline,
    Guid Publication = default,
    bool IsIncomplete = false,
    long StartedAt = 0
)
{
    /// <summary>True where the message names itself and its predecessor.</summary>
    public bool IsKnown => Id != Guid.Empty && Previous != Guid.Empty;
}
