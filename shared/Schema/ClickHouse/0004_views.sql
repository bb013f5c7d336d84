-- Always right: one row for each bet that PostgreSQL has, with its user and event as PostgreSQL's LEFT JOIN shows them.
CREATE VIEW IF NOT EXISTS bets_analytics AS
SELECT
    bet_id, bet_status, bet_amount, payout, placed_at, settled_at,
    user_id, user_name, user_created_at,
    event_id, event_name, event_category, event_start_time, event_status,
    bet_version, user_version, event_version
FROM bets_analytics_rows FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;

-- As of any past moment: SELECT … FROM bets_as_of(moment = '2026-01-31 23:59:59.999999').
-- What was committed later is not seen; what a snapshot read is dated by the snapshot.
CREATE VIEW IF NOT EXISTS bets_as_of AS
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
    WHERE committed_at <= {moment:DateTime64(6, 'UTC')}
    GROUP BY id
    HAVING NOT is_gone AND latest > (SELECT max(version) FROM truncations WHERE table = 'bets' AND committed_at <= {moment:DateTime64(6, 'UTC')})
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
    WHERE committed_at <= {moment:DateTime64(6, 'UTC')}
    GROUP BY id
    HAVING NOT is_gone AND latest > (SELECT max(version) FROM truncations WHERE table = 'users' AND committed_at <= {moment:DateTime64(6, 'UTC')})
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
    WHERE committed_at <= {moment:DateTime64(6, 'UTC')}
    GROUP BY id
    HAVING NOT is_gone AND latest > (SELECT max(version) FROM truncations WHERE table = 'events' AND committed_at <= {moment:DateTime64(6, 'UTC')})
) AS played ON played.id = bet.event_id;

-- As of a PostgreSQL snapshot, exactly: xmax and the running ids of pg_current_snapshot(), the epoch of the cluster that took
-- it, and its clock then.
-- SELECT … FROM bets_as_of_snapshot(epoch = 1, xmax = 760, xip = [752, 755], taken = '2026-01-31 12:00:00').
-- The stream carries the low 32 bits of a transaction id; it means the id nearest to xmax, before or after it. Ids come
-- round, so they decide only within an hour of the snapshot: what was committed longer before it is seen, what was
-- committed longer after it is not. Changes without an id are seen.
CREATE VIEW IF NOT EXISTS bets_as_of_snapshot AS
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
    WHERE (bitShiftRight(version, 57) < {epoch:UInt8} OR transaction_id = 0
        OR (bitShiftRight(version, 57) = {epoch:UInt8} AND committed_at < {taken:DateTime64(6, 'UTC')} + INTERVAL 1 HOUR AND (committed_at < {taken:DateTime64(6, 'UTC')} - INTERVAL 1 HOUR OR ((toInt64({xmax:UInt64}) + toInt32(toInt64(transaction_id) - toInt64(bitAnd({xmax:UInt64}, 0xFFFFFFFF)))) < {xmax:UInt64} AND NOT has({xip:Array(UInt64)}, toUInt64((toInt64({xmax:UInt64}) + toInt32(toInt64(transaction_id) - toInt64(bitAnd({xmax:UInt64}, 0xFFFFFFFF))))))))))
    GROUP BY id
    HAVING NOT is_gone AND latest > (SELECT max(version) FROM truncations WHERE table = 'bets' AND (bitShiftRight(version, 57) < {epoch:UInt8} OR transaction_id = 0
        OR (bitShiftRight(version, 57) = {epoch:UInt8} AND committed_at < {taken:DateTime64(6, 'UTC')} + INTERVAL 1 HOUR AND (committed_at < {taken:DateTime64(6, 'UTC')} - INTERVAL 1 HOUR OR ((toInt64({xmax:UInt64}) + toInt32(toInt64(transaction_id) - toInt64(bitAnd({xmax:UInt64}, 0xFFFFFFFF)))) < {xmax:UInt64} AND NOT has({xip:Array(UInt64)}, toUInt64((toInt64({xmax:UInt64}) + toInt32(toInt64(transaction_id) - toInt64(bitAnd({xmax:UInt64}, 0xFFFFFFFF)))))))))))
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
    WHERE (bitShiftRight(version, 57) < {epoch:UInt8} OR transaction_id = 0
        OR (bitShiftRight(version, 57) = {epoch:UInt8} AND committed_at < {taken:DateTime64(6, 'UTC')} + INTERVAL 1 HOUR AND (committed_at < {taken:DateTime64(6, 'UTC')} - INTERVAL 1 HOUR OR ((toInt64({xmax:UInt64}) + toInt32(toInt64(transaction_id) - toInt64(bitAnd({xmax:UInt64}, 0xFFFFFFFF)))) < {xmax:UInt64} AND NOT has({xip:Array(UInt64)}, toUInt64((toInt64({xmax:UInt64}) + toInt32(toInt64(transaction_id) - toInt64(bitAnd({xmax:UInt64}, 0xFFFFFFFF))))))))))
    GROUP BY id
    HAVING NOT is_gone AND latest > (SELECT max(version) FROM truncations WHERE table = 'users' AND (bitShiftRight(version, 57) < {epoch:UInt8} OR transaction_id = 0
        OR (bitShiftRight(version, 57) = {epoch:UInt8} AND committed_at < {taken:DateTime64(6, 'UTC')} + INTERVAL 1 HOUR AND (committed_at < {taken:DateTime64(6, 'UTC')} - INTERVAL 1 HOUR OR ((toInt64({xmax:UInt64}) + toInt32(toInt64(transaction_id) - toInt64(bitAnd({xmax:UInt64}, 0xFFFFFFFF)))) < {xmax:UInt64} AND NOT has({xip:Array(UInt64)}, toUInt64((toInt64({xmax:UInt64}) + toInt32(toInt64(transaction_id) - toInt64(bitAnd({xmax:UInt64}, 0xFFFFFFFF)))))))))))
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
    WHERE (bitShiftRight(version, 57) < {epoch:UInt8} OR transaction_id = 0
        OR (bitShiftRight(version, 57) = {epoch:UInt8} AND committed_at < {taken:DateTime64(6, 'UTC')} + INTERVAL 1 HOUR AND (committed_at < {taken:DateTime64(6, 'UTC')} - INTERVAL 1 HOUR OR ((toInt64({xmax:UInt64}) + toInt32(toInt64(transaction_id) - toInt64(bitAnd({xmax:UInt64}, 0xFFFFFFFF)))) < {xmax:UInt64} AND NOT has({xip:Array(UInt64)}, toUInt64((toInt64({xmax:UInt64}) + toInt32(toInt64(transaction_id) - toInt64(bitAnd({xmax:UInt64}, 0xFFFFFFFF))))))))))
    GROUP BY id
    HAVING NOT is_gone AND latest > (SELECT max(version) FROM truncations WHERE table = 'events' AND (bitShiftRight(version, 57) < {epoch:UInt8} OR transaction_id = 0
        OR (bitShiftRight(version, 57) = {epoch:UInt8} AND committed_at < {taken:DateTime64(6, 'UTC')} + INTERVAL 1 HOUR AND (committed_at < {taken:DateTime64(6, 'UTC')} - INTERVAL 1 HOUR OR ((toInt64({xmax:UInt64}) + toInt32(toInt64(transaction_id) - toInt64(bitAnd({xmax:UInt64}, 0xFFFFFFFF)))) < {xmax:UInt64} AND NOT has({xip:Array(UInt64)}, toUInt64((toInt64({xmax:UInt64}) + toInt32(toInt64(transaction_id) - toInt64(bitAnd({xmax:UInt64}, 0xFFFFFFFF)))))))))))
) AS played ON played.id = bet.event_id;

-- Every change of the source that was committed before this moment is visible here. A partition that has been read to its
-- end is as fresh as the connector's latest heartbeat, else as its last record.
CREATE VIEW IF NOT EXISTS data_as_of AS
WITH (SELECT max(committed_at) FROM sink_progress WHERE startsWith(topic, '__debezium-heartbeat')) AS heartbeat
SELECT min(if(next_offset >= end_offset, greatest(committed_at, heartbeat), committed_at)) AS data_as_of
FROM sink_progress FINAL
WHERE match(topic, '(^|[.])(users|events|bets)$');
