namespace Betting.CdcSink.Storage;

/// <summary>
/// Decides whether a summary has to be refreshed although its time has not come. It keeps the <c>data_as_of</c> of its last refresh. If it
/// was refreshed between a loss and the sign of it, that is more than the hold proves; and where a hold ends, it still has the rows
/// from before the repair.
/// </summary>
public sealed class SummaryDoubt
{
    long? _held;

    /// <summary>True where the summary claims what is held back, or was computed under a hold which has ended.</summary>
    /// <param name="held">Where <c>data_as_of</c> is held now, microseconds since 1970; null where it is not.</param>
    /// <param name="claim">The summary's <c>data_as_of</c>; null where it has none.</param>
    public bool IsIn(long? held, long? claim) => held is { } now ? claim > now : _held is { } before && (claim is null || claim <= before);

    /// <summary>The summary was looked at; where it was in doubt, a refresh was asked for.</summary>
    /// <param name="held">As before.</param>
    public void Seen(long? held) => _held = held;
}
