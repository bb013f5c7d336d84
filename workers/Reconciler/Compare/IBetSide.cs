namespace Betting.Reconciler.Compare;

/// <summary>One of the two sides of a comparison: all bets, denormalised, at one moment.</summary>
interface IBetSide
{
    string Name { get; }

    /// <summary>One pass over everything.</summary>
    Task<IReadOnlyList<DayTotals>> TotalsAsync(CancellationToken cancellation);

    /// <summary>The rows of these days in the order of their bet ids.</summary>
    IAsyncEnumerable<RowChecksum> RowsAsync(IReadOnlyCollection<long?> days, CancellationToken cancellation);

    /// <summary>All columns of these bets as text, by bet; <see cref="Columns.All"/> tells the order.</summary>
    Task<IReadOnlyDictionary<long, string[]>> ValuesAsync(IReadOnlyCollection<long> bets, CancellationToken cancellation);
}
