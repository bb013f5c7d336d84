namespace Betting.CdcSink.Storage;

/// <summary>
/// Decides which summary has to be refreshed although its time has not come. A summary keeps the <c>data_as_of</c> of its last refresh. If it
/// was refreshed between a loss and the sign of it, that is more than the hold proves; and where a hold ends, the summary still has the rows
/// from before the repair.
/// </summary>
public sealed class SummaryDoubt
{
    long? _held;

    /// <summary>True for a summary that claims what is held back, or that was computed under a hold which has ended.</summary>
    /// <param name="held">Where <c>data_as_of</c> is held now, microseconds since 1970; null where it is not.</param>
    /// <param name="claim">The summary's <c>data_as_of</c>; null where it has none.</param>
    public bool IsIn(long? held, long? claim) => held is { } now ? claim > now : _held is { } before && (claim is null || claim <= before);

    /// <summary>Every summary was looked at, and those in doubt were refreshed or could not be.</summary>
    /// <param name="held">As before.</param>
    public void Seen(long? held) => _held = held;
}
