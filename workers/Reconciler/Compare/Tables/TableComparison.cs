using Microsoft.Extensions.Options;

namespace Betting.Reconciler.Compare.Tables;

/// <summary>
/// Totals of ranges of ids in one pass a side; only the ranges that differ are read row by row, streaming. What differs is read again
/// after a while, on the same cut, and only what still does is a finding.
/// </summary>
sealed class TableComparison(IOptions<ReconcilerOptions> options, TimeProvider clock)
{
    /// <param name="table">What is compared.</param>
    /// <param name="ranges">Over its ids.</param>
    /// <param name="expected">The side that is right.</param>
    /// <param name="found">The side that is tested.</param>
    /// <param name="progress">Gets a line a step.</param>
    /// <param name="cancellation">Ends the comparison without a result.</param>
    public async Task<TableResult> RunAsync(
        ComparedTable table,
        IdRanges ranges,
        ITableSide expected,
        ITableSide found,
        IProgress<string> progress,
        CancellationToken cancellation
    )
    {
        var totals = (Expected: expected.TotalsAsync(ranges, cancellation), Found: found.TotalsAsync(ranges, cancellation));
        await Task.WhenAll(totals.Expected, totals.Found);
        var (left, right) = (await totals.Expected, await totals.Found);
        var numbers = left
            .Keys.Union(right.Keys)
            .Where(number => left.GetValueOrDefault(number) != right.GetValueOrDefault(number))
            .ToList();
        var (rows, foundRows) = (left.Values.Sum(of => of.Rows), right.Values.Sum(of => of.Rows));
        progress.Report($"the table {table.Name}: {foundRows:N0} rows read, {numbers.Count:N0} ranges of ids differ in their totals");
        var drift = new Drift([], 0);
        if (numbers.Count > 0)
        {
            drift = await RowsAsync(ranges, expected, found, numbers, cancellation);
            if (drift.Count > 0 && options.Value.ConfirmFor > TimeSpan.Zero)
            {
                var pause = options.Value.ConfirmFor;
                progress.Report($"the table {table.Name}: {drift.Count:N0} rows differ, looking again in {pause.TotalSeconds:F0} s");
                await Task.Delay(pause, clock, cancellation);
                drift = await RowsAsync(ranges, expected, found, numbers, cancellation);
            }
        }
        return new TableResult(
            table.Name,
            rows,
            foundRows,
            drift.Count,
            await DescribeAsync(table, expected, found, drift.Listed, cancellation)
        );
    }

    async Task<Drift> RowsAsync(
        IdRanges ranges,
        ITableSide expected,
        ITableSide found,
        IReadOnlyCollection<long> numbers,
        CancellationToken cancellation
    )
    {
        var listed = new List<RowPair>();
        long count = 0;
        var (left, right) = (expected.RowsAsync(ranges, numbers, cancellation), found.RowsAsync(ranges, numbers, cancellation));
        await foreach (var pair in RowMerge.DifferencesAsync(left, right))
        {
            count++;
            if (listed.Count < options.Value.MaxFindings)
            {
                listed.Add(pair);
            }
        }
        return new Drift(listed, count);
    }

    static async Task<IReadOnlyList<RowFinding>> DescribeAsync(
        ComparedTable table,
        ITableSide expected,
        ITableSide found,
        IReadOnlyList<RowPair> pairs,
        CancellationToken cancellation
    )
    {
        if (pairs.Count == 0)
        {
            return [];
        }
        var ids = pairs.Select(pair => pair.Id).ToList();
        var left = await expected.ValuesAsync(ids, cancellation);
        var right = await found.ValuesAsync(ids, cancellation);
        return
        [
            .. pairs.Select(pair => RowFinding.Of(pair, table.Columns, left.GetValueOrDefault(pair.Id), right.GetValueOrDefault(pair.Id))),
        ];
    }

    sealed record Drift(IReadOnlyList<RowPair> Listed, long Count);
}
