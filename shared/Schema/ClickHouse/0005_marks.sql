-- Values that the tables cannot show, or that nobody declared, are shown with a mark and kept as they were received.
-- marks: bit n stands for the n-th column behind not_sent, whose value came under a rule. originals: what was received in
-- place of what the column holds, by the source's column; empty where the value itself is exact.
ALTER TABLE user_changes ADD COLUMN IF NOT EXISTS marks UInt8, ADD COLUMN IF NOT EXISTS originals Map(String, String);
ALTER TABLE event_changes ADD COLUMN IF NOT EXISTS marks UInt8, ADD COLUMN IF NOT EXISTS originals Map(String, String);
ALTER TABLE bet_changes ADD COLUMN IF NOT EXISTS marks UInt8, ADD COLUMN IF NOT EXISTS originals Map(String, String);

-- Bits 0-6 the bet's columns, 7-8 the user's, 9-12 the event's; also set for a column that no change ever brought.
ALTER TABLE bets_analytics_rows ADD COLUMN IF NOT EXISTS marks UInt16;

-- Always right: one row for each bet that PostgreSQL has, with its user and event as PostgreSQL's LEFT JOIN shows them.
-- marks names the columns that do not show the source's value as it is: see the table of rules in docs/cdcsink.md.
CREATE OR REPLACE VIEW bets_analytics AS
SELECT
    bet_id, bet_status, bet_amount, payout, placed_at, settled_at,
    user_id, user_name, user_created_at,
    event_id, event_name, event_category, event_start_time, event_status,
    bet_version, user_version, event_version,
    arrayMap(bit -> ['user_id', 'event_id', 'bet_status', 'bet_amount', 'payout', 'placed_at', 'settled_at', 'user_name', 'user_created_at',
        'event_name', 'event_category', 'event_start_time', 'event_status'][bit + 1], bitPositionsToArray(marks)) AS marks
FROM bets_analytics_rows FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;

-- As of any past moment: SELECT … FROM bets_as_of(moment = '2026-01-31 23:59:59.999999').
-- The same columns but for marks. What was committed later is not seen; what a snapshot read is dated by the snapshot.
CREATE OR REPLACE VIEW bets_as_of AS
WITH
    toDateTime64('1900-01-01 00:00:00', 6, 'UTC') AS earliest,
    toDateTime64('2299-12-31 23:59:59.999999', 6, 'UTC') AS last
SELECT
    bet.id AS bet_id,
    bet.status AS bet_status,
    bet.amount AS bet_amount,
    bet.payout AS payout,
    least(greatest(bet.placed_at, earliest), last) AS placed_at,
    if(bet.settled_at IS NULL, NULL, least(greatest(bet.settled_at, earliest), last)) AS settled_at,
    bet.user_id AS user_id,
    usr.name AS user_name,
    if(usr.created_at IS NULL, NULL, least(greatest(usr.created_at, earliest), last)) AS user_created_at,
    bet.event_id AS event_id,
    played.name AS event_name,
    played.category AS event_category,
    if(played.start_time IS NULL, NULL, least(greatest(played.start_time, earliest), last)) AS event_start_time,
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
