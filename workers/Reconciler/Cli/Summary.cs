using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Betting.Reconciler.Compare;
using Betting.Reconciler.Runs;

namespace Betting.Reconciler.Cli;

/// <summary>A run's result for people and for machines.</summary>
static class Summary
{
    const int ShownDays = 10;
    const int ShownBets = 20;

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
            lines.AddRange(part.DayDifferences.Take(ShownDays).Select(day => $"  {DayNumber.ToText(day.Day)}  {Sums(day.Expected)}  |  {Sums(day.Found)}"));
            lines.AddRange(part.Findings.Take(ShownBets).Select(Line));
            if (part.DifferentBets > ShownBets)
            {
                lines.Add($"  … the first {Number(part.Findings.Count)} stand in reconciliation_findings, run {report.RunId}");
            }
        }
        var verdict = report.Outcome == RunOutcome.Equal
            ? $"equal: {Number(changes.ExpectedBets)} bets of {changes.Days} days"
            : $"drift: {Number(report.DifferentBets)} differing bets, {changes.AmountDifference.ToString("N2", CultureInfo.InvariantCulture)} in stakes";
        lines.Add(string.Create(CultureInfo.InvariantCulture, $"{verdict}, run {report.RunId}, snapshot {report.Cut!.Snapshot}, {report.Duration.TotalSeconds:F1} s"));
        return lines;
    }

    public static string ToJson(RunReport report) => JsonSerializer.Serialize(
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
        },
        Json);

    static object? Part(ComparisonResult? part) => part is null ? null : new
    {
        part.Days,
        expectedBets = part.ExpectedBets,
        foundBets = part.FoundBets,
        differentBets = part.DifferentBets,
        amountDifference = part.AmountDifference,
        differentDays = part.DayDifferences.Select(day => DayNumber.ToText(day.Day)),
        findings = part.Findings.Select(finding => new { finding.BetId, finding.Kind, day = DayNumber.ToText(finding.Day), finding.Columns, finding.Expected, finding.Found }),
    };

    static string Line(BetFinding finding) => finding.Kind == DriftKind.Mismatched
        ? $"  bet {finding.BetId} mismatched: {string.Join("; ", finding.Columns.Select(column => $"{column} {finding.Expected?.GetValueOrDefault(column)} | {finding.Found?.GetValueOrDefault(column)}"))}"
        : $"  bet {finding.BetId} {(finding.Kind == DriftKind.Missing ? "missing" : "extra")}, {DayNumber.ToText(finding.Day)}";

    static string Sums(IReadOnlyList<DayTotals> totals) => totals.Count == 0
        ? "nothing"
        : string.Join(", ", totals.Select(of => $"{of.Status} {Number(of.Bets)} {of.Amount.ToString("N2", CultureInfo.InvariantCulture)}"));

    static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
