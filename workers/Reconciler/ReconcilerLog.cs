using System.Globalization;
using Betting.Reconciler.Runs;
using Microsoft.Extensions.Logging;

namespace Betting.Reconciler;

/// <summary>What the Reconciler says; event ids 400–499. Alerts depend on them.</summary>
static partial class ReconcilerLog
{
    /// <summary>One line for the end of a run, and one for each of its first findings.</summary>
    public static void Report(ILogger log, RunReport report)
    {
        switch (report.Outcome)
        {
            case RunOutcome.Equal:
                Equal(
                    log,
                    report.RunId,
                    report.Changes!.ExpectedBets,
                    report.Changes.Days,
                    Counts(report, table => table.ExpectedRows),
                    report.Duration.TotalSeconds
                );
                break;
            case RunOutcome.Drift:
                Drift(
                    log,
                    report.RunId,
                    report.Changes!.DifferentBets,
                    report.View!.DifferentBets,
                    report.AmountDifference,
                    Counts(report, table => table.DifferentRows),
                    report.Duration.TotalSeconds
                );
                foreach (var finding in report.Changes.Findings.Concat(report.View.Findings).Take(10))
                {
                    Finding(log, finding.Id, finding.Kind, string.Join(", ", finding.Columns));
                }
                foreach (var table in report.Tables)
                {
                    foreach (var finding in table.Findings.Take(10))
                    {
                        RowFinding(log, finding.Id, table.Table, finding.Kind, string.Join(", ", finding.Columns));
                    }
                }
                break;
            default:
                CouldNotCompare(log, report.RunId, report.Reason);
                break;
        }
    }

    static string Counts(RunReport report, Func<Compare.Tables.TableResult, long> count) =>
        string.Join(", ", report.Tables.Select(table => string.Create(CultureInfo.InvariantCulture, $"{count(table)} {table.Table}")));

    [LoggerMessage(
        400,
        LogLevel.Information,
        "Run {Run}: ClickHouse equals PostgreSQL, {Bets} bets of {Days} days, {Tables}, in {Seconds:F1} s"
    )]
    static partial void Equal(ILogger log, long? run, long bets, int days, string tables, double seconds);

    [LoggerMessage(
        401,
        LogLevel.Error,
        "Run {Run}: drift, {Changes} bets differ in the changes and {View} in the view, {Amount} in stakes; "
            + "by themselves {Tables} differ; after {Seconds:F1} s"
    )]
    static partial void Drift(ILogger log, long? run, long changes, long view, decimal amount, string tables, double seconds);

    [LoggerMessage(402, LogLevel.Warning, "Run {Run} could not compare: {Reason}")]
    static partial void CouldNotCompare(ILogger log, long? run, string? reason);

    [LoggerMessage(403, LogLevel.Warning, "Bet {Bet} is {Kind}: {Columns}")]
    static partial void Finding(ILogger log, long bet, Compare.DriftKind kind, string columns);

    [LoggerMessage(415, LogLevel.Warning, "Row {Id} of the table {Table} is {Kind}: {Columns}")]
    static partial void RowFinding(ILogger log, long id, string table, Compare.DriftKind kind, string columns);

    [LoggerMessage(404, LogLevel.Warning, "The run's failure could not be kept: {Reason}")]
    public static partial void NotKept(ILogger log, string reason);

    [LoggerMessage(405, LogLevel.Information, "Next run at {Next:u}")]
    public static partial void NextRun(ILogger log, DateTimeOffset next);

    [LoggerMessage(407, LogLevel.Debug, "What others ask for is not known: ClickHouse does not answer")]
    public static partial void RequestsUnknown(ILogger log, Exception failure);

    [LoggerMessage(
        408,
        LogLevel.Warning,
        "ClickHouse does not take the answers of run {Run} to what was asked for: {Reason}. The next run answers it"
    )]
    public static partial void NotAnswered(ILogger log, long run, string reason);

    [LoggerMessage(406, LogLevel.Debug, "{Step}")]
    public static partial void Step(ILogger log, string step);

    [LoggerMessage(
        410,
        LogLevel.Information,
        "Followed bet {Bet} at the cut of run {Run}: {Verdict}; PostgreSQL has {Postgres}, ClickHouse has {ClickHouse}"
    )]
    public static partial void FollowedBet(ILogger log, long bet, long run, string verdict, string postgres, string clickHouse);
}
