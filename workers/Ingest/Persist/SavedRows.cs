using Betting.Ingest.Failures;
using Npgsql;

namespace Betting.Ingest.Persist;

/// <summary>A statement that writes rows, and how many it has to write.</summary>
/// <param name="Statement">Its effect is counted by PostgreSQL.</param>
/// <param name="Rows">Of rows that are new, or were read under a lock; null where some of them may not be there.</param>
readonly record struct SavedRows(NpgsqlBatchCommand Statement, int? Rows)
{
    /// <summary>No statement for no rows.</summary>
    public static IEnumerable<SavedRows> Of<T>(
        IReadOnlyCollection<T> rows,
        Func<IReadOnlyCollection<T>, NpgsqlBatchCommand> statement,
        bool mayLeaveOut = false
    ) => rows.Count == 0 ? [] : [new(statement(rows), mayLeaveOut ? null : rows.Count)];

    /// <summary>To be called once the statement has run, before the commit: a trigger or a rule may have written less, or more.</summary>
    /// <exception cref="RowsNotSavedException">PostgreSQL counted another number of rows.</exception>
    public void Check()
    {
        if (Rows is { } expected && Statement.RecordsAffected != expected)
        {
            throw new RowsNotSavedException(Statement.CommandText, Statement.RecordsAffected, expected);
        }
    }
}
