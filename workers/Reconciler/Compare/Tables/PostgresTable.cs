using System.Globalization;
using System.Runtime.CompilerServices;
using Npgsql;

namespace Betting.Reconciler.Compare.Tables;

/// <summary>A table of PostgreSQL as an open snapshot shows it.</summary>
sealed class PostgresTable(NpgsqlConnection snapshot, ComparedTable table) : ITableSide
{
    readonly string _hash = Column.PostgresHash(table.Columns);

    /// <summary>Ranges over all ids of the table.</summary>
    public async Task<IdRanges> RangesAsync(CancellationToken cancellation)
    {
        await using var command = Command($"SELECT min(id), max(id) FROM {table.Name}");
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        await rows.ReadAsync(cancellation);
        return rows.IsDBNull(0) ? new IdRanges(null, null) : new IdRanges(rows.GetInt64(0), rows.GetInt64(1));
    }

    public async Task<IReadOnlyDictionary<long, RangeTotals>> TotalsAsync(IdRanges ranges, CancellationToken cancellation)
    {
        await using var command = Command($"SELECT {ranges.Postgres}, count(*), sum({_hash})::text FROM {table.Name} GROUP BY 1");
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var totals = new Dictionary<long, RangeTotals>();
        while (await rows.ReadAsync(cancellation))
        {
            totals[rows.GetInt64(0)] = new RangeTotals(rows.GetInt64(1), Int128.Parse(rows.GetString(2), CultureInfo.InvariantCulture));
        }
        return totals;
    }

    public async IAsyncEnumerable<RowChecksum> RowsAsync(
        IdRanges ranges,
        IReadOnlyCollection<long> numbers,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        await using var command = Command($"SELECT id, {_hash} FROM {table.Name} WHERE {ranges.Postgres} = ANY($1) ORDER BY id");
        command.Parameters.AddWithValue(numbers.ToArray());
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        while (await rows.ReadAsync(cancellation))
        {
            yield return new RowChecksum(rows.GetInt64(0), null, rows.GetInt64(1));
        }
    }

    public async Task<IReadOnlyDictionary<long, string[]>> ValuesAsync(IReadOnlyCollection<long> ids, CancellationToken cancellation)
    {
        var columns = string.Join(", ", table.Columns.Select(column => column.Postgres));
        await using var command = Command($"SELECT id, {columns} FROM {table.Name} WHERE id = ANY($1)");
        command.Parameters.AddWithValue(ids.ToArray());
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var values = new Dictionary<long, string[]>();
        while (await rows.ReadAsync(cancellation))
        {
            values[rows.GetInt64(0)] = [.. Enumerable.Range(1, table.Columns.Count).Select(rows.GetString)];
        }
        return values;
    }

    // The run's own cancellation ends it.
    NpgsqlCommand Command(string sql) => new(sql, snapshot) { CommandTimeout = 0 };
}
