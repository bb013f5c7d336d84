using Betting.CdcSink.ClickHouse;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.Utility;

namespace Betting.CdcSink.Join;

/// <summary>Finds the bets that have to be joined because something that they name has changed.</summary>
sealed class BetIds(ChangeStore store)
{
    /// <summary>Every bet that ever named one of these users or events, in the order of ids.</summary>
    /// <param name="users">Ids.</param>
    /// <param name="events">Ids.</param>
    /// <param name="from">The lowest bet id that is wanted.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<List<long>> OfAsync(
        IReadOnlyCollection<long> users,
        IReadOnlyCollection<long> events,
        long from = long.MinValue,
        long limit = long.MaxValue,
        CancellationToken cancellation = default
    )
    {
        if (users.Count == 0 && events.Count == 0)
        {
            return [];
        }
        var parameters = new ClickHouseParameterCollection();
        AddPage(parameters, from, limit);
        var sql = $$"""
            SELECT DISTINCT bet_id FROM
            (
                SELECT bet_id FROM bets_by_user WHERE user_id IN {{IdList.Add(parameters, "users", [.. users])}} AND bet_id >= {from:Int64}
                UNION ALL
                SELECT bet_id FROM bets_by_event WHERE event_id IN {{IdList.Add(parameters, "events", [.. events])}}
                    AND bet_id >= {from:Int64}
            )
            ORDER BY bet_id LIMIT {limit:UInt64}
            FORMAT RowBinary
            """;
        return await ReadAsync(sql, parameters, cancellation);
    }

    /// <summary>Every bet there ever was, in the order of ids, from one on.</summary>
    public Task<List<long>> AllAsync(long from, long limit, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        AddPage(parameters, from, limit);
        return ReadAsync(
            "SELECT DISTINCT id FROM bet_changes WHERE id >= {from:Int64} ORDER BY id LIMIT {limit:UInt64} FORMAT RowBinary",
            parameters,
            cancellation
        );
    }

    async Task<List<long>> ReadAsync(string sql, ClickHouseParameterCollection parameters, CancellationToken cancellation)
    {
        var ids = new List<long>();
        await store.ReadRowsAsync(
            sql,
            parameters,
            (ref row) =>
            {
                var id = row.ReadInt64();
                if (!row.IsShort)
                {
                    ids.Add(id);
                }
            },
            cancellation
        );
        return ids;
    }

    static void AddPage(ClickHouseParameterCollection parameters, long from, long limit)
    {
        parameters.AddParameter("from", from);
        parameters.AddParameter("limit", (ulong)limit);
    }
}
