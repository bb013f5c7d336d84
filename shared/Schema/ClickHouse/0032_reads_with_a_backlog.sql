-- Where the connector has a backlog, Debezium gives the reads of a blocking snapshot the position and the transaction that the stream had reached,
-- while they read what was committed up to the snapshot's own beginning. So a PostgreSQL snapshot sees reads of a Debezium snapshot before which its
-- epoch was streamed (marker 'later') only if it was taken after the first of them. In all else the definition is that of 0030.
CREATE OR REPLACE VIEW bets_as_of_snapshot_unchecked AS
WITH
    (SELECT instant FROM instant_of(text = {taken:String})) AS taken,
    (
        SELECT groupArray(version)
        FROM
        (
            SELECT version FROM snapshot_markers
            WHERE marker = 'later' AND bitShiftRight(version, 57) = {epoch:UInt8}
            GROUP BY version
            HAVING min(committed_at) > taken
        )
    ) AS later_reads,
    34359738368 AS near,
    version -> toInt64(bitAnd(version, 72057594037927935)) - toInt64({position:UInt64}) AS distance,
    transaction_id -> toInt64({xmax:UInt64}) + toInt32(toInt64(transaction_id) - toInt64(bitAnd({xmax:UInt64}, 0xFFFFFFFF))) AS whole_id,
    (version, transaction_id) -> bitTest(version, 56) AND has({xip:Array(UInt64)}, toUInt64(whole_id(transaction_id))) AS was_running,
    (version, transaction_id, committed_at) -> multiIf(
        bitShiftRight(version, 57) != {epoch:UInt8}, bitShiftRight(version, 57) < {epoch:UInt8},
        transaction_id = 0, distance(version) < 0,
        NOT bitTest(version, 56) AND has(later_reads, version), 0,
        distance(version) >= near, 0,
        distance(version) > -near, whole_id(transaction_id) < {xmax:UInt64} AND NOT was_running(version, transaction_id),
        NOT (was_running(version, transaction_id) AND committed_at > taken - INTERVAL 12 HOUR)) AS is_seen
SELECT
    bet.id AS bet_id,
    bet.status AS bet_status,
    bet.amount AS bet_amount,
    bet.payout AS payout,
    bet.placed_at AS placed_at,
    bet.settled_at AS settled_at,
    bet.user_id AS user_id,
    usr.name AS user_name,
    usr.created_at AS user_created_at,
    bet.event_id AS event_id,
    played.name AS event_name,
    played.category AS event_category,
    played.start_time AS event_start_time,
    played.status AS event_status,
    bet.latest AS bet_version,
    usr.latest AS user_version,
    played.latest AS event_version
FROM
(
    SELECT
        id,
        max(version) AS latest,
        argMax(deleted, version) AS is_gone,
        argMaxIf(status, version, NOT deleted AND bitAnd(not_sent, 4) = 0) AS status,
        argMaxIf(amount, version, NOT deleted AND bitAnd(not_sent, 8) = 0) AS amount,
        tupleElement(argMaxIf(tuple(payout), version, NOT deleted AND bitAnd(not_sent, 16) = 0), 1) AS payout,
        tupleElement(argMaxIf(tuple(settled_at), version, NOT deleted AND bitAnd(not_sent, 64) = 0), 1) AS settled_at,
        argMax(user_id, version) AS user_id,
        argMax(event_id, version) AS event_id,
        argMax(placed_at, version) AS placed_at
    FROM bet_changes
    WHERE is_seen(version, transaction_id, committed_at)
    GROUP BY id
    HAVING NOT is_gone AND latest > (SELECT max(version) FROM truncations WHERE table = 'bets' AND is_seen(version, transaction_id, committed_at))
) AS bet
LEFT JOIN
(
    SELECT
        id,
        max(version) AS latest,
        argMax(deleted, version) AS is_gone,
        argMaxIf(name, version, NOT deleted AND bitAnd(not_sent, 1) = 0) AS name,
        toNullable(argMaxIf(created_at, version, NOT deleted AND bitAnd(not_sent, 2) = 0)) AS created_at
    FROM user_changes
    WHERE is_seen(version, transaction_id, committed_at)
    GROUP BY id
    HAVING NOT is_gone AND latest > (SELECT max(version) FROM truncations WHERE table = 'users' AND is_seen(version, transaction_id, committed_at))
) AS usr ON usr.id = bet.user_id
LEFT JOIN
(
    SELECT
        id,
        max(version) AS latest,
        argMax(deleted, version) AS is_gone,
        argMaxIf(name, version, NOT deleted AND bitAnd(not_sent, 1) = 0) AS name,
        argMaxIf(category, version, NOT deleted AND bitAnd(not_sent, 2) = 0) AS category,
        toNullable(argMaxIf(start_time, version, NOT deleted AND bitAnd(not_sent, 4) = 0)) AS start_time,
        argMaxIf(status, version, NOT deleted AND bitAnd(not_sent, 8) = 0) AS status
    FROM event_changes
    WHERE is_seen(version, transaction_id, committed_at)
    GROUP BY id
    HAVING NOT is_gone AND latest > (SELECT max(version) FROM truncations WHERE table = 'events' AND is_seen(version, transaction_id, committed_at))
) AS played ON played.id = bet.event_id
SETTINGS join_use_nulls = 0, aggregate_functions_null_for_empty = 0, empty_result_for_aggregation_by_empty_set = 0,
    prefer_column_name_to_alias = 0;

-- The same, and an error where what the snapshot saw is not known or not visible yet. Times that other views cannot show are the nearest that they can.
CREATE OR REPLACE VIEW bets_as_of_snapshot AS
WITH
    toDateTime64('1900-01-01 00:00:00', 6, 'UTC') AS earliest,
    toDateTime64('2299-12-31 23:59:59.999999', 6, 'UTC') AS latest_shown
SELECT * REPLACE
(
    least(greatest(placed_at, earliest), latest_shown) AS placed_at,
    if(settled_at IS NULL, NULL, least(greatest(settled_at, earliest), latest_shown)) AS settled_at,
    if(user_created_at IS NULL, NULL, least(greatest(user_created_at, earliest), latest_shown)) AS user_created_at,
    if(event_start_time IS NULL, NULL, least(greatest(event_start_time, earliest), latest_shown)) AS event_start_time
)
FROM bets_as_of_snapshot_unchecked(
    epoch = {epoch:UInt8}, position = {position:UInt64}, xmax = {xmax:UInt64}, xip = {xip:Array(UInt64)}, taken = {taken:String})
WHERE (SELECT instant FROM answerable_snapshot_of(epoch = {epoch:UInt8}, position = {position:UInt64}, taken = {taken:String})) IS NOT NULL
    AND throwIf({epoch:UInt8} > 63, 'An epoch is a number from 0 to 63') = 0
SETTINGS join_use_nulls = 0, aggregate_functions_null_for_empty = 0, empty_result_for_aggregation_by_empty_set = 0,
    prefer_column_name_to_alias = 0;
