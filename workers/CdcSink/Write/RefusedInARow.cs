using System.Collections.Concurrent;
using Betting.CdcSink.Messages;

namespace Betting.CdcSink.Write;

/// <summary>
/// Counts the records of each table that ClickHouse refused since it took one of the same table. So many that no record can be the
/// cause: the table is. Safe for batches side by side.
/// </summary>
sealed class RefusedInARow
{
    /// <summary>After so many refused records of a table, none taken between them, assume a fault of the table and stop.</summary>
    public const int Most = 100;

    readonly ConcurrentDictionary<string, int> _refused = [];

    /// <summary>One record was refused.</summary>
    /// <param name="alone">The part that has it alone.</param>
    /// <returns>False where they are too many.</returns>
    public bool TryAdd(ChangeBatch alone) =>
        TablesOf(alone).All(table => _refused.AddOrUpdate(table, 1, (_, before) => before + 1) <= Most);

    /// <summary>ClickHouse took all of these records.</summary>
    public void Taken(ChangeBatch batch)
    {
        foreach (var table in TablesOf(batch))
        {
            _refused.TryRemove(table, out _);
        }
    }

    static IEnumerable<string> TablesOf(ChangeBatch batch) =>
        batch.Rows.Tables.Where(each => each.Rows.Rows > 0).Select(each => each.Table);
}
