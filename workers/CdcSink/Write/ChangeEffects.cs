using Betting.CdcSink.Join;
using Betting.Debezium;
using ClickHouse.Driver.ADO.Parameters;
using ClickHouse.Driver.Utility;

namespace Betting.CdcSink.Write;

/// <summary>
/// Looks for what the sink wrote for changes: the change itself; for a bet its row in <c>bets_analytics_rows</c>; for a user or an event the rows of some
/// of its bets. Any of these tables may be older than the others. <c>bets_by_user</c> and <c>bets_by_event</c> are not looked at: the reconciliation that
/// ends a hold compares neither.
/// </summary>
sealed class ChangeEffects(ChangeStore store)
{
    // Of each user or event: all of them had their rows written anew, so a few tell as much as all.
    const int BetsLookedAt = 10;

    // The sorting key begins with the shown time of placing: by id alone, the whole table would be read.
    static readonly string ShownPlacedAt = JoinStatement.Shown("placed_at");

    static readonly string OfBets = $$"""
        SELECT id, version, toUInt64(ifNull(is_shown = 0 OR joined >= version, 0))
        FROM
        (
            SELECT id, version, NOT deleted AND placed_at >= (SELECT whole_days FROM kept_since) AS is_shown
            FROM bet_changes
            WHERE id IN {ids:Array(Int64)} AND version IN {versions:Array(UInt64)}
        ) AS change
        LEFT ANY JOIN
        (
            SELECT bet_id, max(bet_version) AS joined
            FROM bets_analytics_rows
            WHERE bet_id IN {ids:Array(Int64)} AND placed_at IN (SELECT {{ShownPlacedAt}} FROM bet_changes WHERE id IN {ids:Array(Int64)})
            GROUP BY bet_id
        ) AS shown ON shown.bet_id = change.id
        SETTINGS join_use_nulls = 0
        FORMAT RowBinary
        """;

    // A bet whose newest row names another user or event, or that is deleted, tells nothing.
    static readonly string OfDimensions = $$"""
        WITH some_bets AS
        (
            SELECT bet_id FROM bets_by_{0} WHERE {0}_id IN {ids:Array(Int64)} ORDER BY {0}_id, bet_id DESC LIMIT {1} BY {0}_id
        )
        SELECT id, version, toUInt64(ifNull(is_shown = 0 OR has_rows = 0 OR joined >= version, 0))
        FROM
        (
            SELECT id, version, NOT deleted AND version > (SELECT max(version) FROM truncations WHERE table = '{0}s') AS is_shown
            FROM {0}_changes
            WHERE id IN {ids:Array(Int64)} AND version IN {versions:Array(UInt64)}
        ) AS change
        LEFT ANY JOIN
        (
            SELECT newest_id, min(newest_version) AS joined, 1 AS has_rows
            FROM
            (
                SELECT bet_id, argMax({0}_id, version) AS newest_id, argMax({0}_version, version) AS newest_version, argMax(is_deleted, version) AS is_gone
                FROM bets_analytics_rows
                WHERE bet_id IN (SELECT bet_id FROM some_bets)
                    AND placed_at IN (SELECT {{ShownPlacedAt}} FROM bet_changes WHERE id IN (SELECT bet_id FROM some_bets))
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
        SourceTable table, IReadOnlyCollection<(long Id, ulong Version)> changes, CancellationToken cancellation)
    {
        var parameters = new ClickHouseParameterCollection();
        parameters.AddParameter("ids", changes.Select(change => change.Id).Distinct().ToArray());
        parameters.AddParameter("versions", changes.Select(change => change.Version).Distinct().ToArray());
        var whole = new HashSet<(long Id, ulong Version)>();
        await store.ReadRowsAsync(StatementOf(table), parameters, (ref row) =>
        {
            var (id, version, isWhole) = (row.ReadInt64(), row.ReadUInt64(), row.ReadUInt64() > 0);
            if (!row.IsShort && isWhole)
            {
                whole.Add((id, version));
            }
        }, cancellation);
        return [.. changes.Where(change => !whole.Contains(change))];
    }

    static string StatementOf(SourceTable table) => table switch
    {
        SourceTable.Bets => OfBets,
        SourceTable.Users => For("user"),
        _ => For("event"),
    };

    static string For(string dimension) => OfDimensions.Replace("{0}", dimension, StringComparison.Ordinal)
        .Replace("{1}", BetsLookedAt.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
}
