namespace Betting.Reconciler.Compare;

/// <summary>One row that differs, with what each side says of it.</summary>
/// <param name="Id">The bet, or the row of a table that is compared by itself.</param>
/// <param name="Kind">How it differs.</param>
/// <param name="Day">UTC day of a bet's placed_at on the side that has it, counted from 1970.</param>
/// <param name="Columns">Names of the columns that differ; all where one side has no row.</param>
/// <param name="Expected">Column → text, of the differing columns; null where there is no row.</param>
/// <param name="Found">The same of the other side.</param>
sealed record RowFinding(
    long Id,
    DriftKind Kind,
    long? Day,
    IReadOnlyList<string> Columns,
    IReadOnlyDictionary<string, string>? Expected,
    IReadOnlyDictionary<string, string>? Found
)
{
    /// <param name="pair">The row on both sides.</param>
    /// <param name="columns">What is compared.</param>
    /// <param name="expected">Their values on the side that is right, in this order; null where there is no row.</param>
    /// <param name="found">The same of the other side.</param>
    public static RowFinding Of(RowPair pair, IReadOnlyList<Column> columns, string[]? expected, string[]? found)
    {
        var differing = Enumerable.Range(0, columns.Count).Where(at => expected?[at] != found?[at]).ToList();
        Dictionary<string, string>? Pick(string[]? values) =>
            values is null ? null : differing.ToDictionary(at => columns[at].Name, at => values[at]);
        return new RowFinding(
            pair.Id,
            pair.Kind,
            (pair.Expected ?? pair.Found)!.Value.Day,
            [.. differing.Select(at => columns[at].Name)],
            Pick(expected),
            Pick(found)
        );
    }
}
