using Microsoft.Extensions.Options;

namespace Betting.Reconciler.Compare;

/// <summary>What comparing two sides gave.</summary>
/// <param name="Expected">Name of the side that is right.</param>
/// <param name="Found">Name of the side that is tested.</param>
/// <param name="Days">Days that were compared.</param>
/// <param name="ExpectedBets">Bets of the first side.</param>
/// <param name="FoundBets">Bets of the other.</param>
/// <param name="DifferentBets">How many bets differ, listed or not.</param>
/// <param name="DayDifferences">Days whose totals differ and that hold at least one differing bet.</param>
/// <param name="Findings">The first of the differing bets.</param>
sealed record ComparisonResult(
    string Expected,
    string Found,
    int Days,
    long ExpectedBets,
    long FoundBets,
    long DifferentBets,
    IReadOnlyList<DayDifference> DayDifferences,
    IReadOnlyList<RowFinding> Findings
)
{
    public bool IsEqual => DifferentBets == 0;

    public decimal AmountDifference => DayDifferences.Sum(day => day.AmountDifference);
}

/// <summary>
/// Totals of every day in one pass a side; only the days that differ are read row by row, streaming. What differs is read
/// again after a while, and only what still does is a finding.
/// </summary>
sealed class Comparison(IOptions<ReconcilerOptions> options, TimeProvider clock)
{
    /// <param name="expected">The side that is right.</param>
    /// <param name="found">The side that is tested.</param>
    /// <param name="isDrift">Whether a pair of rows that differ is drift; others are explained by changes after the cut.</param>
    /// <param name="progress">Gets a line a step.</param>
    /// <param name="cancellation">Ends the comparison without a result.</param>
    public async Task<ComparisonResult> RunAsync(
        IBetSide expected,
        IBetSide found,
        Func<IReadOnlyList<RowPair>, Task<IReadOnlyList<RowPair>>> isDrift,
        IProgress<string> progress,
        CancellationToken cancellation
    )
    {
        var (left, right) = await TotalsAsync(expected, found, cancellation);
        var differences = Totals.Differences(left, right);
        var days = left.Concat(right).Select(totals => totals.Day).Distinct().Count();
        progress.Report(
            $"{found.Name}: {right.Sum(of => of.Bets):N0} bets of {days:N0} days read, {differences.Count:N0} days differ in their totals"
        );
        var drift = new Drift([], 0);
        if (differences.Count > 0)
        {
            drift = await RowsAsync(expected, found, differences, isDrift, cancellation);
            if (drift.Count > 0 && options.Value.ConfirmFor > TimeSpan.Zero)
            {
                progress.Report(
                    $"{found.Name}: {drift.Count:N0} bets differ, looking again in {options.Value.ConfirmFor.TotalSeconds:F0} s"
                );
                await Task.Delay(options.Value.ConfirmFor, clock, cancellation);
                drift = await RowsAsync(expected, found, differences, isDrift, cancellation);
            }
        }
        var findings = await DescribeAsync(expected, found, drift.Listed, cancellation);
        var hit = findings.Select(finding => finding.Day).ToHashSet();
        IReadOnlyList<DayDifference> reported =
            drift.Count == 0 ? []
            : drift.Count > findings.Count ? differences
            : [.. differences.Where(day => hit.Contains(day.Day))];
        return new ComparisonResult(
            expected.Name,
            found.Name,
            days,
            left.Sum(of => of.Bets),
            right.Sum(of => of.Bets),
            drift.Count,
            reported,
            findings
        );
    }

    static async Task<(IReadOnlyList<DayTotals>, IReadOnlyList<DayTotals>)> TotalsAsync(
        IBetSide expected,
        IBetSide found,
        CancellationToken cancellation
    )
    {
        var left = expected.TotalsAsync(cancellation);
        var right = found.TotalsAsync(cancellation);
        await Task.WhenAll(left, right);
        return (await left, await right);
    }

    async Task<Drift> RowsAsync(
        IBetSide expected,
        IBetSide found,
        IReadOnlyList<DayDifference> differences,
        Func<IReadOnlyList<RowPair>, Task<IReadOnlyList<RowPair>>> isDrift,
        CancellationToken cancellation
    )
    {
        const int Batch = 10_000;
        var days = differences.Select(day => day.Day).ToHashSet();
        var listed = new List<RowPair>();
        var batch = new List<RowPair>();
        long count = 0;
        async Task JudgeAsync()
        {
            var drift = await isDrift(batch);
            count += drift.Count;
            listed.AddRange(drift.Take(options.Value.MaxFindings - listed.Count));
            batch.Clear();
        }
        await foreach (var pair in RowMerge.DifferencesAsync(expected.RowsAsync(days, cancellation), found.RowsAsync(days, cancellation)))
        {
            batch.Add(pair);
            if (batch.Count == Batch)
            {
                await JudgeAsync();
            }
        }
        await JudgeAsync();
        return new Drift(listed, count);
    }

    static async Task<IReadOnlyList<RowFinding>> DescribeAsync(
        IBetSide expected,
        IBetSide found,
        IReadOnlyList<RowPair> pairs,
        CancellationToken cancellation
    )
    {
        if (pairs.Count == 0)
        {
            return [];
        }
        var bets = pairs.Select(pair => pair.Id).Distinct().ToList();
        var left = await expected.ValuesAsync(bets, cancellation);
        var right = await found.ValuesAsync(bets, cancellation);
        return
        [
            .. pairs.Select(pair => RowFinding.Of(pair, Columns.All, left.GetValueOrDefault(pair.Id), right.GetValueOrDefault(pair.Id))),
        ];
    }

    sealed record Drift(IReadOnlyList<RowPair> Listed, long Count);
}
