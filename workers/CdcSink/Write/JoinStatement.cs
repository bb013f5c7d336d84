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
/// <item>Marks: a bit for each column whose value came under a rule, or that no change ever brought; 0–6 the bet's, 7–8 the user's, 9–12 the event's.</item>
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
            event_id, event_name, event_category, event_start_time, event_status, bet_version, user_version, event_version, version, is_deleted, marks
        )
        WITH
            toDateTime64('1900-01-01 00:00:00', 6, 'UTC') AS earliest,
            toDateTime64('2299-12-31 23:59:59.999999', 6, 'UTC') AS last,
            (SELECT max(version) FROM truncations WHERE table = 'users') AS users_ended,
            (SELECT max(version) FROM truncations WHERE table = 'events') AS events_ended,
            (SELECT max(version) FROM truncations WHERE table = 'bets') AS bets_ended
        SELECT
            bet.id AS bet_id,
            if(is_live, bet.status.1, '') AS bet_status,
            if(is_live, bet.amount.1, 0) AS bet_amount,
            if(is_live, bet.payout.1, NULL) AS payout,
            least(greatest(sorting_key.1, earliest), last) AS placed_at,
            if(is_live AND bet.settled_at.1 IS NOT NULL, least(greatest(bet.settled_at.1, earliest), last), NULL) AS settled_at,
            sorting_key.2 AS user_id,
            if(is_live AND usr.is_there, usr.name.1, '') AS user_name,
            if(is_live AND usr.is_there, least(greatest(usr.created_at.1, earliest), last), NULL) AS user_created_at,
            sorting_key.3 AS event_id,
            if(is_live AND played.is_there, played.name.1, '') AS event_name,
            if(is_live AND played.is_there, played.category.1, '') AS event_category,
            if(is_live AND played.is_there, least(greatest(played.start_time.1, earliest), last), NULL) AS event_start_time,
            if(is_live AND played.is_there, played.status.1, '') AS event_status,
            bet.latest AS bet_version,
            if(is_live, greatest(usr.latest, users_ended), 0) AS user_version,
            if(is_live, greatest(played.latest, events_ended), 0) AS event_version,
            bitOr(bitShiftLeft(toUInt128(bet_version), 64), toUInt128(user_version + event_version)) AS version,
            NOT is_live AS is_deleted,
            if(is_live,
                bitAnd(bet.key_marks, 35)
                    + if(bet.status.3, bitAnd(bet.status.2, 4), 4) + if(bet.amount.3, bitAnd(bet.amount.2, 8), 8)
                    + if(bet.payout.3, bitAnd(bet.payout.2, 16), 16) + if(bet.settled_at.3, bitAnd(bet.settled_at.2, 64), 64)
                    + if(usr.is_there, 128 * if(usr.name.3, bitAnd(usr.name.2, 1), 1) + 128 * if(usr.created_at.3, bitAnd(usr.created_at.2, 2), 2), 0)
                    + if(played.is_there, 512 * if(played.name.3, bitAnd(played.name.2, 1), 1) + 512 * if(played.category.3, bitAnd(played.category.2, 2), 2)
                        + 512 * if(played.start_time.3, bitAnd(played.start_time.2, 4), 4) + 512 * if(played.status.3, bitAnd(played.status.2, 8), 8), 0),
                0) AS marks
        FROM
        (
            SELECT
                id,
                greatest(max(version), bets_ended) AS latest,
                max(version) > bets_ended AND NOT argMax(deleted, version) AS is_there,
                argMaxIf((status, marks, true), version, NOT deleted AND bitAnd(not_sent, 4) = 0) AS status,
                argMaxIf((amount, marks, true), version, NOT deleted AND bitAnd(not_sent, 8) = 0) AS amount,
                argMaxIf((payout, marks, true), version, NOT deleted AND bitAnd(not_sent, 16) = 0) AS payout,
                argMaxIf((settled_at, marks, true), version, NOT deleted AND bitAnd(not_sent, 64) = 0) AS settled_at,
                argMax((placed_at, user_id, event_id), version) AS current_key,
                argMax(marks, version) AS key_marks,
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
                argMaxIf((name, marks, true), version, NOT deleted AND bitAnd(not_sent, 1) = 0) AS name,
                argMaxIf((created_at, marks, true), version, NOT deleted AND bitAnd(not_sent, 2) = 0) AS created_at
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
                argMaxIf((name, marks, true), version, NOT deleted AND bitAnd(not_sent, 1) = 0) AS name,
                argMaxIf((category, marks, true), version, NOT deleted AND bitAnd(not_sent, 2) = 0) AS category,
                argMaxIf((start_time, marks, true), version, NOT deleted AND bitAnd(not_sent, 4) = 0) AS start_time,
                argMaxIf((status, marks, true), version, NOT deleted AND bitAnd(not_sent, 8) = 0) AS status
            FROM event_changes
            WHERE id IN (SELECT event_id FROM bet_changes WHERE id IN ({ids:Array(Int64)}))
            GROUP BY id
        ) AS played ON played.id = bet.current_key.3
        """;
}
