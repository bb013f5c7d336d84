namespace Betting.Reconciler.Compare.Tables;

/// <summary>The rows of one range of ids.</summary>
/// <param name="Rows">How many.</param>
/// <param name="Checksum">Sum of the rows' checksums: equal for equal sets of rows.</param>
readonly record struct RangeTotals(long Rows, Int128 Checksum);

/// <summary>One table on one of the two sides, at one moment.</summary>
interface ITableSide
{
    /// <summary>One pass over everything: totals by the number of a range.</summary>
    Task<IReadOnlyDictionary<long, RangeTotals>> TotalsAsync(IdRanges ranges, CancellationToken cancellation);

    /// <summary>The rows of these ranges in the order of their ids.</summary>
    IAsyncEnumerable<RowChecksum> RowsAsync(IdRanges ranges, IReadOnlyCollection<long> numbers, CancellationToken cancellation);

    /// <summary>All columns of these rows as text, by id; <see cref="ComparedTable.Columns"/> tells the order.</summary>
    Task<IReadOnlyDictionary<long, string[]>> ValuesAsync(IReadOnlyCollection<long> ids, CancellationToken cancellation);
}
