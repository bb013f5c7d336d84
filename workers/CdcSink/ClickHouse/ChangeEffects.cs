using System.Globalization;
using Betting.Debezium;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.Utility;

namespace Betting.CdcSink.ClickHouse;

/// <summary>
/// Looks for what the sink wrote for changes: the change itself; for a bet its row in <c>bets_analytics_rows</c>; for a user or an event
/// the rows of some of its bets. Any of these tables may be older than the others. <c>bets_by_user</c> and <c>bets_by_event</c> are not
/// looked at: the reconciliation that ends a hold compares neither.
/// </summary>
sealed class ChangeEffects(ChangeStore store)
{
    // Of each user or event, half of them old and half of them new: a part of the months may be older than the rest.
    const int BetsLookedAt = 10;

    // The sorting key begins with the shown time of placing: by id alone, the whole table would be read.
    static readonly string ShownPlacedAt = JoinStatement.Shown("placed_at");

    // A deletion leaves a row that says so. Where the bet has no rows at all, it was never shown, or its rows have expired.
    static readonly string OfBets = $$"""
        SELECT id, version, toUInt64(ifNull(if(deleted, has_rows = 0, is_shown = 0) OR joined >= version, 0))
        FROM
        (
            SELECT id, version, deleted, NOT deleted AND placed_at >= (SELECT whole_days FROM kept_since) AS is_shown
            FROM bet_changes
            WHERE id IN {ids:Array(Int64)} AND version IN {versions:Array(UInt64)}
        ) AS change
        LEFT ANY JOIN
        (
            SELECT bet_id, max(bet_version) AS joined, 1 AS has_rows
            FROM bets_analytics_rows
            WHERE bet_id IN {ids:Array(Int64)} AND placed_at IN (SELECT {{ShownPlacedAt}} FROM bet_changes WHERE id IN {ids:Array(Int64)})
                AND placed_at >= (SELECT whole_days FROM kept_since)
            GROUP BY bet_id
        ) AS shown ON shown.bet_id = change.id
        SETTINGS join_use_nulls = 0
        FORMAT RowBinary
        """;

    // The bets with the lowest and with the highest ids of each: read in the order of the key, so it costs the same for an event with
    // millions.
    const string SomeBets = """
        (SELECT bet_id FROM bets_by_{0} WHERE {0}_id = {id} ORDER BY {0}_id, bet_id LIMIT 1 BY bet_id LIMIT {1})
        UNION ALL
        (SELECT bet_id FROM bets_by_{0} WHERE {0}_id = {id} ORDER BY {0}_id DESC, bet_id DESC LIMIT 1 BY bet_id LIMIT {1})
        """;

    // A bet whose newest row names another user or event, that is deleted or that expires tells nothing.
    static readonly string OfDimensions = $$"""
        SELECT id, version, toUInt64(ifNull(is_shown = 0 OR has_rows = 0 OR joined >= version, 0))
        FROM
        (
            SELECT id, version, version > (SELECT max(version) FROM truncations WHERE table = '{0}s') AS is_shown
            FROM {0}_changes
            WHERE id IN {ids:Array(Int64)} AND version IN {versions:Array(UInt64)}
        ) AS change
        LEFT ANY JOIN
        (
            SELECT newest_id, min(newest_version) AS joined, 1 AS has_rows
            FROM
            (
                SELECT bet_id, argMax({0}_id, version) AS newest_id, argMax({0}_version, version) AS newest_version, argMax(is_deleted,
                    version) AS is_gone
                FROM bets_analytics_rows
                WHERE bet_id IN {bets:Array(Int64)} AND placed_at IN (SELECT {{ShownPlacedAt}} FROM bet_changes
                WHERE id IN {bets:Array(Int64)})
                    AND placed_at >= (SELECT whole_days FROM kept_since)
                GROUP BY bet_id
            )
            WHERE is_gone = 0 AND newest_id IN {ids:Array(Int64)}
            GROUP BY newest_id
        ) AS shown ON shown.newest_id = change.id
        SETTINGS join_use_nulls = 0
        FORMAT RowBinary
        """;

    /// <summary>Those of the changes of which something is missing.</summary>
    public async Task<HashSet<(long Id, ulong Version)>> MissingAsync(
        SourceTable table,
        IReadOnlyCollection<(long Id, ulong Version)> changes,
        CancellationToken cancellation
    )
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("ids", changes.Select(change => change.Id).Distinct().ToArray());
        parameters.AddParameter("versions", changes.Select(change => change.Version).Distinct().ToArray());
        var whole = new HashSet<(long Id, ulong Version)>();
        if (table != SourceTable.Bets)
        {
            parameters.AddParameter("bets", await SomeBetsAsync(table, changes.Select(change => change.Id).Distinct(), cancellation));
        }
        await store.ReadRowsAsync(
            table == SourceTable.Bets ? OfBets : Of(table, OfDimensions),
            parameters,
            (ref row) =>
            {
                var (id, version, isWhole) = (row.ReadInt64(), row.ReadUInt64(), row.ReadUInt64() > 0);
                if (!row.IsShort && isWhole)
                {
                    whole.Add((id, version));
                }
            },
            cancellation
        );
        return [.. changes.Where(change => !whole.Contains(change))];
    }

    async Task<long[]> SomeBetsAsync(SourceTable table, IEnumerable<long> ids, CancellationToken cancellation)
    {
        var bets = new List<long>();
        var sql = string.Join(
            " UNION ALL ",
            ids.Select(id => Of(table, SomeBets).Replace("{id}", id.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal))
        );
        await store.ReadRowsAsync(
            sql + " FORMAT RowBinary",
            null,
            (ref row) =>
            {
                var bet = row.ReadInt64();
                if (!row.IsShort)
                {
                    bets.Add(bet);
                }
            },
            cancellation
        );
        return [.. bets];
    }

    static string Of(SourceTable table, string sql) =>
        sql.Replace("{0}", table == SourceTable.Users ? "user" : "event", StringComparison.Ordinal)
            .Replace("{1}", (BetsLookedAt / 2).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
}
