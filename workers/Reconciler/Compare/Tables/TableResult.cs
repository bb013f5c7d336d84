namespace Betting.Reconciler.Compare.Tables;

/// <summary>What comparing one table gave.</summary>
/// <param name="Table">Its name in PostgreSQL.</param>
/// <param name="ExpectedRows">Rows in PostgreSQL.</param>
/// <param name="FoundRows">Rows in ClickHouse.</param>
/// <param name="DifferentRows">How many rows differ, listed or not.</param>
/// <param name="Findings">The first of them, in the order of their ids.</param>
sealed record TableResult(string Table, long ExpectedRows, long FoundRows, long DifferentRows, IReadOnlyList<RowFinding> Findings)
{
    public bool IsEqual => DifferentRows == 0;
}
