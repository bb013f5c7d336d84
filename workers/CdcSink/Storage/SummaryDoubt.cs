namespace Betting.CdcSink.Storage;

/// <summary>The holds of <c>data_as_of</c>. Moments are microseconds since 1970 UTC; 0 stands for one at which nothing is proven.</summary>
/// <param name="Now">Where it is held now; null where it is not.</param>
/// <param name="Ended">How many holds have ended.</param>
/// <param name="LatestEnded">The latest moment at which one of those held it; null where there is none.</param>
public readonly record struct Holds(long? Now, long Ended, long? LatestEnded);

/// <summary>
/// Decides whether a summary has to be refreshed although its time has not come. It keeps the <c>data_as_of</c> of its last refresh. If it
/// was refreshed between a loss and the sign of it, that is more than the hold proves; and where a hold ends, it still has the rows
/// from before the repair, however short the hold was.
/// </summary>
public sealed class SummaryDoubt
{
    // Holds that had ended when the summary was last looked at without one. Before the first look nobody knows under which it was computed.
    long? _ended;

    /// <summary>True where the summary claims what is held back, or was computed under a hold which has ended.</summary>
    /// <param name="holds">As they are now.</param>
    /// <param name="claim">The summary's <c>data_as_of</c>; null where it has none.</param>
    public bool IsIn(Holds holds, long? claim) =>
        holds.Now is { } now ? claim > now
        : _ended is { } before ? holds.Ended != before
        : holds.LatestEnded is { } latest && (claim is null || claim <= latest);

    /// <summary>The summary was looked at; where it was in doubt, a refresh was asked for.</summary>
    /// <param name="holds">As before.</param>
    public void Seen(Holds holds) => _ended = holds.Now is null ? holds.Ended : _ended;
}
