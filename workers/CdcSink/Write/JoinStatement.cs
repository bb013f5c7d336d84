namespace Betting.CdcSink.Write;

/// <summary>The join: from the changes stored now to the rows and delete markers of <c>bets_analytics_rows</c>.</summary>
/// <remarks>
/// A pure function of the stored changes, so repeating it, or two writers doing it at once, cannot disagree:
/// <list type="bullet">
/// <item>A bet's latest change decides whether it is there, unless its table was truncated later.</item>
/// <item>A column that a change did not bring has the value of the latest change that did.</item>
/// <item>The row stands under its current sorting key with the version <c>bet version &lt;&lt; 64 | (user version + event version)</c>:
/// a newer bet wins; for the same bet the join that knew the newer user and event wins.</item>
/// <item>Every other sorting key that the bet ever had gets a delete marker with the version <c>bet version &lt;&lt; 64</c>.</item>
/// <item>Times that DateTime64 cannot show are shown as the nearest that it can; the changelog has them exactly.</item>
/// </list>
/// </remarks>
static class JoinStatement
{
    /// <summary>Takes the parameter <c>ids</c>: Array(Int64), the bets to join.</summary>
    public const string Sql = """
        INSERT INTO bets_analytics_rows
        (
            bet_id, bet_status, bet_amount, payout, placed_at, settled_at, user_id, user_name, user_created_at,
            event_id, event_name, event_category, event_start_time, event_status, bet_version, user_version, event_version, version, is_deleted
        )
        WITH
            toDateTime64('1900-01-01 00:00:00', 6, 'UTC') AS earliest,
            toDateTime64('2299-12-31 23:59:59.999999', 6, 'UTC') AS last,
            (SELECT max(version) FROM truncations WHERE table = 'users') AS users_ended,
            (SELECT max(version) FROM truncations WHERE table = 'events') AS events_ended,
            (SELECT max(version) FROM truncations WHERE table = 'bets') AS bets_ended
        SELECT
            bet.id AS bet_id,
            if(is_live, bet.status, '') AS bet_status,
            if(is_live, bet.amount, 0) AS bet_amount,
            if(is_live, bet.payout, NULL) AS payout,
            least(greatest(sorting_key.1, earliest), last) AS placed_at,
            if(is_live AND bet.settled_at IS NOT NULL, least(greatest(bet.settled_at, earliest), last), NULL) AS settled_at,
            sorting_key.2 AS user_id,
            if(is_live AND usr.is_there, usr.name, '') AS user_name,
            if(is_live AND usr.is_there, least(greatest(usr.created_at, earliest), last), NULL) AS user_created_at,
            sorting_key.3 AS event_id,
            if(is_live AND played.is_there, played.name, '') AS event_name,
            if(is_live AND played.is_there, played.category, '') AS event_category,
            if(is_live AND played.is_there, least(greatest(played.start_time, earliest), last), NULL) AS event_start_time,
            if(is_live AND played.is_there, played.status, '') AS event_status,
            bet.latest AS bet_version,
            if(is_live, greatest(usr.latest, users_ended), 0) AS user_version,
            if(is_live, greatest(played.latest, events_ended), 0) AS event_version,
            bitOr(bitShiftLeft(toUInt128(bet_version), 64), toUInt128(user_version + event_version)) AS version,
            NOT is_live AS is_deleted
        FROM
        (
            SELECT
                id,
                greatest(max(version), bets_ended) AS latest,
                max(version) > bets_ended AND NOT argMax(deleted, version) AS is_there,
                argMaxIf(status, version, NOT deleted AND bitAnd(not_sent, 4) = 0) AS status,
                argMaxIf(amount, version, NOT deleted AND bitAnd(not_sent, 8) = 0) AS amount,
                tupleElement(argMaxIf(tuple(payout), version, NOT deleted AND bitAnd(not_sent, 16) = 0), 1) AS payout,
                tupleElement(argMaxIf(tuple(settled_at), version, NOT deleted AND bitAnd(not_sent, 64) = 0), 1) AS settled_at,
                argMax((placed_at, user_id, event_id), version) AS current_key,
                groupUniqArrayIf((placed_at, user_id, event_id), NOT deleted) AS sorting_keys
            FROM bet_changes
            WHERE id IN ({ids:Array(Int64)})
            GROUP BY id
        ) AS bet
        ARRAY JOIN sorting_keys AS sorting_key, arrayMap(k -> is_there AND k = current_key, sorting_keys) AS is_live
        LEFT JOIN
        (
            SELECT
                id,
                max(version) AS latest,
                max(version) > users_ended AND NOT argMax(deleted, version) AS is_there,
                argMaxIf(name, version, NOT deleted AND bitAnd(not_sent, 1) = 0) AS name,
                argMaxIf(created_at, version, NOT deleted AND bitAnd(not_sent, 2) = 0) AS created_at
            FROM user_changes
            WHERE id IN (SELECT user_id FROM bet_changes WHERE id IN ({ids:Array(Int64)}))
            GROUP BY id
        ) AS usr ON usr.id = bet.current_key.2
        LEFT JOIN
        (
            SELECT
                id,
                max(version) AS latest,
                max(version) > events_ended AND NOT argMax(deleted, version) AS is_there,
                argMaxIf(name, version, NOT deleted AND bitAnd(not_sent, 1) = 0) AS name,
                argMaxIf(category, version, NOT deleted AND bitAnd(not_sent, 2) = 0) AS category,
                argMaxIf(start_time, version, NOT deleted AND bitAnd(not_sent, 4) = 0) AS start_time,
                argMaxIf(status, version, NOT deleted AND bitAnd(not_sent, 8) = 0) AS status
            FROM event_changes
            WHERE id IN (SELECT event_id FROM bet_changes WHERE id IN ({ids:Array(Int64)}))
            GROUP BY id
        ) AS played ON played.id = bet.current_key.3
        """;
}
