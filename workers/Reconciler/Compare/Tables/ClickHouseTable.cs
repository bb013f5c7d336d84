using System.Globalization;
using System.Runtime.CompilerServices;
using Betting.Reconciler.Cut;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.Utility;

namespace Betting.Reconciler.Compare.Tables;

/// <summary>The same table in ClickHouse's changes, as of the cut.</summary>
sealed class ClickHouseTable(ClickHouseClient client, ComparedTable table, ExactCut cut, int epoch) : ITableSide
{
    readonly string _source = table.AsOf(cut, epoch);
    readonly string _hash = Column.ClickHouseHash(table.Columns);

    public async Task<IReadOnlyDictionary<long, RangeTotals>> TotalsAsync(IdRanges ranges, CancellationToken cancellation)
    {
        await using var rows = await client.ExecuteReaderAsync(
            $"SELECT {ranges.ClickHouse}, toInt64(count()), toString(sum(toInt128({_hash}))) FROM {_source} GROUP BY 1",
            cancellationToken: cancellation
        );
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
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("numbers", numbers.ToArray());
        await using var rows = await client.ExecuteReaderAsync(
            $$"""SELECT id, {{_hash}} FROM {{_source}} WHERE has({numbers:Array(Int64)}, {{ranges.ClickHouse}}) ORDER BY id""",
            parameters,
            cancellationToken: cancellation
        );
        while (await rows.ReadAsync(cancellation))
        {
            yield return new RowChecksum(rows.GetInt64(0), null, rows.GetInt64(1));
        }
    }

    public async Task<IReadOnlyDictionary<long, string[]>> ValuesAsync(IReadOnlyCollection<long> ids, CancellationToken cancellation)
    {
        var columns = string.Join(", ", table.Columns.Select(column => column.ClickHouse));
        var values = new Dictionary<long, string[]>();
        foreach (var part in ids.Chunk(ListLimits.Ids))
        {
            var parameters = new ClickHouseParameterCollection();
            parameters.AddParameter("ids", part);
            await using var rows = await client.ExecuteReaderAsync(
                $$"""SELECT id, {{columns}} FROM {{_source}} WHERE id IN {ids:Array(Int64)}""",
                parameters,
                cancellationToken: cancellation
            );
            while (await rows.ReadAsync(cancellation))
            {
                values[rows.GetInt64(0)] = [.. Enumerable.Range(1, table.Columns.Count).Select(rows.GetString)];
            }
        }
        return values;
    }
}
