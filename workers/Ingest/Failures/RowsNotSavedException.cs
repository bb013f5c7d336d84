namespace Betting.Ingest.Failures;

/// <summary>
/// PostgreSQL reports success and has written another number of rows than the statement has: a trigger, a rule or a policy of the table
/// changes what is written. Nothing of the transaction may be committed.
/// </summary>
public sealed class RowsNotSavedException(string statement, int written, int expected)
    : Exception($"PostgreSQL wrote {written} of {expected} rows: \"{Beginning(statement)}\"; does a trigger or a rule leave rows out?")
{
    // Enough to name the table.
    static string Beginning(string statement) =>
        string.Join(' ', statement.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Take(3));
}
