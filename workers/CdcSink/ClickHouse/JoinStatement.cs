namespace Betting.CdcSink.ClickHouse;

/// <summary>The join: from the changes stored now to the rows and delete markers of <c>bets_analytics_rows</c>.</summary>
/// <remarks>
/// A pure function of the stored changes, so repeating it, or two writers doing it at once, cannot disagree:
/// <list type="bullet">
/// <item>A bet's latest change decides whether it is there, unless its table was truncated later.</item>
/// <item>A column that a change did not bring has the value of the latest change that did.</item>
/// <item>The row stands under its current sorting key with the version <c>bet version &lt;&lt; 64 | (user version + event version)</c>:
/// a newer bet wins; for the same bet the join that knew the newer user and event wins.</item>
/// <item>Every other sorting key that the bet ever had gets a delete marker with the version <c>bet version &lt;&lt; 64</c>.</item>
/// <item>
/// Marks: a bit for each column whose value came under a rule, or that no change ever brought; 0–6 the bet's, 7–8 the user's, 9–12 the
/// event's.
/// </item>
/// <item>
/// Times that DateTime64 cannot show are shown as the nearest that it can; the changelog has them exactly. Sorting keys are compared as
/// shown.
/// </item>
/// </list>
/// Written for speed where it does not show: an aggregate of a tuple costs many times one of a number, so each column has beside it
/// a number <c>…_is</c>: 0 where no change ever brought it, else 256 + the marks of the change that did, and another 256 for a NULL.
/// ANY joins copy no columns, since an id is there once. One thread: what a batch does beside it has the other processors.
/// </remarks>
static class JoinStatement
{
    const string Earliest = "toDateTime64('1900-01-01 00:00:00', 6, 'UTC')",
        Last = "toDateTime64('2299-12-31 23:59:59.999999', 6, 'UTC')";

    /// <summary>A time as rows show it.</summary>
    public static string Shown(string column) => $"least(greatest({column}, {Earliest}), {Last})";

    /// <summary>The statement.</summary>
    /// <param name="table">Where the rows go.</param>
    /// <param name="ids">What stands behind IN: the bets to join.</param>
    /// <param name="ofMonths">True for the rows of the months in the parameter <c>months</c>, Array(UInt32), alone.</param>
    public static string Sql(string table, string ids, bool ofMonths) =>
        $$"""
            INSERT INTO {{table}}
            (
                bet_id, bet_status, bet_amount, payout, placed_at, settled_at, user_id, user_name, user_created_at,
                event_id, event_name, event_category, event_start_time, event_status, bet_version, user_version, event_version, version,
                    is_deleted, marks
            )
            WITH
                {{Earliest}} AS earliest,
                {{Last}} AS last,
                (SELECT max(version) FROM truncations WHERE table = 'users') AS users_ended,
                (SELECT max(version) FROM truncations WHERE table = 'events') AS events_ended,
                (SELECT max(version) FROM truncations WHERE table = 'bets') AS bets_ended
            SELECT
                bet.id AS bet_id,
                if(bet.is_live, bet.status, '') AS bet_status,
                if(bet.is_live, bet.amount, 0) AS bet_amount,
                if(bet.is_live AND bet.payout_is >= 256 AND bet.payout_is < 512, bet.payout, NULL) AS payout,
                sorting_key.1 AS placed_at,
                if(bet.is_live AND bet.settled_at_is >= 256 AND bet.settled_at_is < 512, least(greatest(bet.settled_at, earliest), last),
                NULL) AS settled_at,
                sorting_key.2 AS user_id,
                if(bet.is_live AND usr.is_there, usr.name, '') AS user_name,
                if(bet.is_live AND usr.is_there, least(greatest(usr.created_at, earliest), last), NULL) AS user_created_at,
                sorting_key.3 AS event_id,
                if(bet.is_live AND played.is_there, played.name, '') AS event_name,
                if(bet.is_live AND played.is_there, played.category, '') AS event_category,
                if(bet.is_live AND played.is_there, least(greatest(played.start_time, earliest), last), NULL) AS event_start_time,
                if(bet.is_live AND played.is_there, played.status, '') AS event_status,
                bet.latest AS bet_version,
                if(bet.is_live, greatest(usr.latest, users_ended), 0) AS user_version,
                if(bet.is_live, greatest(played.latest, events_ended), 0) AS event_version,
                bitOr(bitShiftLeft(toUInt128(bet_version), 64), toUInt128(user_version + event_version)) AS version,
                NOT bet.is_live AS is_deleted,
                if(bet.is_live,
                    bitAnd(bet.key_marks, 35)
                        + if(bet.status_is >= 256, bitAnd(bet.status_is, 4), 4) + if(bet.amount_is >= 256, bitAnd(bet.amount_is, 8), 8)
                        + if(bet.payout_is >= 256, bitAnd(bet.payout_is, 16), 16) + if(bet.settled_at_is >= 256, bitAnd(bet.settled_at_is,
                        64), 64)
                        + 128 * if(bet.is_live AND usr.is_there, if(usr.name_is >= 256, bitAnd(usr.name_is, 1),
                        1) + if(usr.created_at_is >= 256, bitAnd(usr.created_at_is, 2), 2), 0)
                        + 512 * if(bet.is_live AND played.is_there, if(played.name_is >= 256, bitAnd(played.name_is, 1),
                        1) + if(played.category_is >= 256, bitAnd(played.category_is, 2), 2)
                            + if(played.start_time_is >= 256, bitAnd(played.start_time_is, 4), 4) + if(played.status_is >= 256,
                            bitAnd(played.status_is, 8), 8), 0),
                    0) AS marks
            FROM
            (
                SELECT *, sorting_key, is_there AND sorting_key = (current_placed_at, current_user_id, current_event_id) AS is_live
                FROM
                (
                    SELECT
                        id,
                        greatest(max(version), bets_ended) AS latest,
                        max(version) > bets_ended AND NOT argMax(deleted, version) AS is_there,
                        argMaxIf(status, version, NOT deleted AND bitAnd(not_sent, 4) = 0) AS status,
                        argMaxIf(toUInt16(256 + marks), version, NOT deleted AND bitAnd(not_sent, 4) = 0) AS status_is,
                        argMaxIf(amount, version, NOT deleted AND bitAnd(not_sent, 8) = 0) AS amount,
                        argMaxIf(toUInt16(256 + marks), version, NOT deleted AND bitAnd(not_sent, 8) = 0) AS amount_is,
                        argMaxIf(ifNull(change.payout, 0), version, NOT deleted AND bitAnd(not_sent, 16) = 0) AS payout,
                        argMaxIf(toUInt16(256 + marks + 256 * isNull(change.payout)), version, NOT deleted AND bitAnd(not_sent,
                        16) = 0) AS payout_is,
                        argMaxIf(ifNull(change.settled_at, earliest), version, NOT deleted AND bitAnd(not_sent, 64) = 0) AS settled_at,
                        argMaxIf(toUInt16(256 + marks + 256 * isNull(change.settled_at)), version, NOT deleted AND bitAnd(not_sent,
                        64) = 0) AS settled_at_is,
                        argMax(least(greatest(change.placed_at, earliest), last), version) AS current_placed_at,
                        argMax(user_id, version) AS current_user_id,
                        argMax(event_id, version) AS current_event_id,
                        argMax(marks, version) AS key_marks,
                        groupUniqArrayIf((least(greatest(change.placed_at, earliest), last), user_id, event_id),
                            NOT deleted) AS sorting_keys
                    FROM bet_changes AS change
                    WHERE id IN {{ids}}
                    GROUP BY id
                )
                ARRAY JOIN sorting_keys AS sorting_key
            ) AS bet
            ANY LEFT JOIN
            (
                SELECT
                    id,
                    max(version) AS latest,
                    max(version) > users_ended AND NOT argMax(deleted, version) AS is_there,
                    argMaxIf(name, version, NOT deleted AND bitAnd(not_sent, 1) = 0) AS name,
                    argMaxIf(toUInt16(256 + marks), version, NOT deleted AND bitAnd(not_sent, 1) = 0) AS name_is,
                    argMaxIf(created_at, version, NOT deleted AND bitAnd(not_sent, 2) = 0) AS created_at,
                    argMaxIf(toUInt16(256 + marks), version, NOT deleted AND bitAnd(not_sent, 2) = 0) AS created_at_is
                FROM user_changes
                WHERE id IN (SELECT user_id FROM bet_changes WHERE id IN {{ids}})
                GROUP BY id
            ) AS usr ON usr.id = bet.current_user_id
            ANY LEFT JOIN
            (
                SELECT
                    id,
                    max(version) AS latest,
                    max(version) > events_ended AND NOT argMax(deleted, version) AS is_there,
                    argMaxIf(name, version, NOT deleted AND bitAnd(not_sent, 1) = 0) AS name,
                    argMaxIf(toUInt16(256 + marks), version, NOT deleted AND bitAnd(not_sent, 1) = 0) AS name_is,
                    argMaxIf(category, version, NOT deleted AND bitAnd(not_sent, 2) = 0) AS category,
                    argMaxIf(toUInt16(256 + marks), version, NOT deleted AND bitAnd(not_sent, 2) = 0) AS category_is,
                    argMaxIf(start_time, version, NOT deleted AND bitAnd(not_sent, 4) = 0) AS start_time,
                    argMaxIf(toUInt16(256 + marks), version, NOT deleted AND bitAnd(not_sent, 4) = 0) AS start_time_is,
                    argMaxIf(status, version, NOT deleted AND bitAnd(not_sent, 8) = 0) AS status,
                    argMaxIf(toUInt16(256 + marks), version, NOT deleted AND bitAnd(not_sent, 8) = 0) AS status_is
                FROM event_changes
                WHERE id IN (SELECT event_id FROM bet_changes WHERE id IN {{ids}})
                GROUP BY id
            ) AS played ON played.id = bet.current_event_id
            {{(ofMonths ? "WHERE toYYYYMM(least(greatest(sorting_key.1, earliest), last)) IN ({months:Array(UInt32)})" : "")}}
            SETTINGS join_algorithm = 'hash', max_threads = 1
            """;
}
