using Betting.Reconciler.Compare;
using Betting.Reconciler.Compare.Tables;
using Betting.Reconciler.Cut;

namespace Betting.Reconciler.Runs;

/// <summary>How a run ended; the numbers are the exit codes of <c>Reconciler run</c>.</summary>
enum RunOutcome
{
    Equal = 0,
    Drift = 1,
    CouldNotCompare = 2,
}

/// <summary>What one run found.</summary>
/// <param name="RunId">Its row in reconciliation_runs; null if it did not get so far.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Reason">Why it could not compare, in one line.</param>
/// <param name="Cut">The moment that was compared.</param>
/// <param name="Changes">PostgreSQL against the changes in ClickHouse, as of the cut.</param>
/// <param name="View">These against the view that people query.</param>
/// <param name="Tables">PostgreSQL's tables users and events, each by itself, against ClickHouse as of the cut.</param>
/// <param name="Duration">From its start to its result.</param>
sealed record RunReport(
    long? RunId,
    RunOutcome Outcome,
    string? Reason,
    ExactCut? Cut,
    ComparisonResult? Changes,
    ComparisonResult? View,
    IReadOnlyList<TableResult> Tables,
    TimeSpan Duration
)
{
    /// <summary>A run that could not compare.</summary>
    public static RunReport Failed(long? run, string reason, TimeSpan duration) =>
        new(run, RunOutcome.CouldNotCompare, reason, null, null, null, [], duration);

    /// <summary>Stakes that one side has and the other has not, of the changes and of the view together.</summary>
    public decimal AmountDifference => (Changes?.AmountDifference ?? 0) + (View?.AmountDifference ?? 0);

    /// <summary>Differing bets of both comparisons.</summary>
    public long DifferentBets => (Changes?.DifferentBets ?? 0) + (View?.DifferentBets ?? 0);
}
