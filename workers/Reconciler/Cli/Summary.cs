using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Betting.Reconciler.Compare;
using Betting.Reconciler.Compare.Tables;
using Betting.Reconciler.Runs;

namespace Betting.Reconciler.Cli;

/// <summary>A run's result for people and for machines.</summary>
static class Summary
{
    const int ShownDays = 10;
    const int ShownRows = 20;

    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };

    /// <summary>The last line is the verdict.</summary>
    public static IEnumerable<string> Lines(RunReport report)
    {
        if (report.Outcome == RunOutcome.CouldNotCompare)
        {
            return [$"could not compare: {report.Reason}"];
        }
        var changes = report.Changes!;
        var lines = new List<string>();
        foreach (var part in new[] { changes, report.View! }.Where(part => !part.IsEqual))
        {
            lines.Add($"{part.Expected} and {part.Found} differ in {Number(part.DifferentBets)} bets of {part.DayDifferences.Count} days:");
            lines.AddRange(
                part.DayDifferences.Take(ShownDays)
                    .Select(day => $"  {DayNumber.ToText(day.Day)}  {Sums(day.Expected)}  |  {Sums(day.Found)}")
            );
            lines.AddRange(part.Findings.Take(ShownRows).Select(Line));
            if (part.DifferentBets > ShownRows)
            {
                lines.Add($"  … the first {Number(part.Findings.Count)} stand in reconciliation_findings, run {report.RunId}");
            }
        }
        foreach (var table in report.Tables.Where(table => !table.IsEqual))
        {
            lines.Add($"PostgreSQL and ClickHouse as of the cut differ in {Number(table.DifferentRows)} rows of the table {table.Table}:");
            lines.AddRange(table.Findings.Take(ShownRows).Select(finding => Line(table.Table, finding)));
            if (table.DifferentRows > ShownRows)
            {
                lines.Add($"  … the first {Number(table.Findings.Count)} stand in reconciliation_findings, run {report.RunId}");
            }
        }
        var verdict =
            report.Outcome == RunOutcome.Equal
                ? $"equal: {Number(changes.ExpectedBets)} bets of {changes.Days} days, {Counts(report.Tables, table => table.ExpectedRows)}"
                : $"drift: {Number(report.DifferentBets)} differing bets, "
                    + $"{report.AmountDifference.ToString("N2", CultureInfo.InvariantCulture)} in stakes, "
                    + $"{Counts(report.Tables, table => table.DifferentRows)}";
        lines.Add(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{verdict}, run {report.RunId}, snapshot {report.Cut!.Snapshot}, {report.Duration.TotalSeconds:F1} s"
            )
        );
        return lines;
    }

    public static string ToJson(RunReport report) =>
        JsonSerializer.Serialize(
            new
            {
                run = report.RunId,
                report.Outcome,
                report.Reason,
                snapshot = report.Cut?.Snapshot.ToString(),
                cutAt = report.Cut?.TakenAt,
                seconds = Math.Round(report.Duration.TotalSeconds, 3),
                changes = Part(report.Changes),
                view = Part(report.View),
                tables = report.Tables.Select(table => new
                {
                    table.Table,
                    table.ExpectedRows,
                    table.FoundRows,
                    table.DifferentRows,
                    findings = table.Findings.Select(finding => new
                    {
                        finding.Id,
                        finding.Kind,
                        finding.Columns,
                        finding.Expected,
                        finding.Found,
                    }),
                }),
            },
            Json
        );

    static object? Part(ComparisonResult? part) =>
        part is null
            ? null
            : new
            {
                part.Days,
                expectedBets = part.ExpectedBets,
                foundBets = part.FoundBets,
                differentBets = part.DifferentBets,
                amountDifference = part.AmountDifference,
                differentDays = part.DayDifferences.Select(day => DayNumber.ToText(day.Day)),
                findings = part.Findings.Select(finding => new
                {
                    betId = finding.Id,
                    finding.Kind,
                    day = DayNumber.ToText(finding.Day),
                    finding.Columns,
                    finding.Expected,
                    finding.Found,
                }),
            };

    static string Line(RowFinding finding) =>
        finding.Kind == DriftKind.Mismatched
            ? $"  bet {finding.Id} mismatched: {Values(finding)}"
            : $"  bet {finding.Id} {NameOf(finding.Kind)}, {DayNumber.ToText(finding.Day)}";

    static string Line(string table, RowFinding finding) =>
        $"  {table}, id {finding.Id} {(finding.Kind == DriftKind.Mismatched ? $"mismatched: {Values(finding)}" : NameOf(finding.Kind))}";

    static string NameOf(DriftKind kind) => kind == DriftKind.Missing ? "missing" : "extra";

    static string Values(RowFinding finding) =>
        string.Join(
            "; ",
            finding.Columns.Select(column =>
                $"{column} {finding.Expected?.GetValueOrDefault(column)} | {finding.Found?.GetValueOrDefault(column)}"
            )
        );

    static string Counts(IEnumerable<TableResult> tables, Func<TableResult, long> count) =>
        string.Join(", ", tables.Select(table => $"{Number(count(table))} {table.Table}"));

    static string Sums(IReadOnlyList<DayTotals> totals) =>
        totals.Count == 0
            ? "nothing"
            : string.Join(
                ", ",
                totals.Select(of => $"{of.Status} {Number(of.Bets)} {of.Amount.ToString("N2", CultureInfo.InvariantCulture)}")
            );

    static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
