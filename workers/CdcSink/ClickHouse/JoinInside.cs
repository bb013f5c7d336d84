using System.Globalization;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.Utility;

namespace Betting.CdcSink.ClickHouse;

/// <summary>
/// Runs the join inside ClickHouse, month by month where one statement would write into more months than the server takes in one block.
/// </summary>
/// <param name="client">Sends parameters in the request's body.</param>
sealed class JoinInside(ClickHouseClient client)
{
    /// <summary>Joins these bets as they are stored now and inserts their rows and delete markers. May be repeated.</summary>
    /// <param name="table">Where the rows go: <c>bets_analytics_rows</c>, or a table of the same form.</param>
    /// <param name="bets">Ids.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task RunAsync(string table, IReadOnlyCollection<long> bets, CancellationToken cancellation)
    {
        long[] ids = [.. bets];
        try
        {
            await InsertAsync(table, ids, [], cancellation);
        }
        catch (ClickHouseServerException tooMany) when (tooMany.ErrorCode == ClickHouseErrors.TooManyParts)
        {
            var months = await MonthsAsync(ids, cancellation);
            if (months.Length < 2)
            {
                throw;
            }
            await InsertHalvesAsync(table, ids, months, cancellation);
        }
    }

    async Task InsertHalvesAsync(string table, long[] ids, int[] months, CancellationToken cancellation)
    {
        var half = months.Length / 2;
        foreach (var part in (int[][])[months[..half], months[half..]])
        {
            try
            {
                await InsertAsync(table, ids, part, cancellation);
            }
            // Of one month it means too many parts: merges mend that.
            catch (ClickHouseServerException tooMany) when (tooMany.ErrorCode == ClickHouseErrors.TooManyParts && part.Length > 1)
            {
                await InsertHalvesAsync(table, ids, part, cancellation);
            }
        }
    }

    async Task InsertAsync(string table, long[] ids, int[] months, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        var sql = JoinStatement.Sql(table, IdList.Add(parameters, "ids", ids), ofMonths: months.Length > 0);
        if (months.Length > 0)
        {
            parameters.AddParameter("months", months.Select(month => (uint)month).ToArray());
        }
        await client.ExecuteNonQueryAsync(sql, parameters, cancellationToken: cancellation);
    }

    /// <summary>The months that these bets ever had rows in, ascending, as yyyymm.</summary>
    async Task<int[]> MonthsAsync(long[] ids, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        var sql =
            $"SELECT DISTINCT toYYYYMM({JoinStatement.Shown("placed_at")}) AS month FROM bet_changes WHERE NOT deleted AND id "
            + $"IN {IdList.Add(parameters, "ids", ids)} ORDER BY month";
        var months = new List<int>();
        await using var rows = await client.ExecuteReaderAsync(sql, parameters, cancellationToken: cancellation);
        while (await rows.ReadAsync(cancellation))
        {
            months.Add(Convert.ToInt32(rows.GetValue(0), CultureInfo.InvariantCulture));
        }
        return [.. months];
    }
}
