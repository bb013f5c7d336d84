-- Views of the past take an instant and nothing else, and refuse a moment at which the state of PostgreSQL is not known here.
-- A view's parameter arrives as text: ClickHouse writes toDateTime64('…', 6, 'Europe/Berlin') as Berlin's wall clock and drops the
-- zone. So the text itself names its zone. A DateTime cannot and is refused, whatever its zone.
-- *_unchecked answers for any moment from what is visible, complete or not.

-- The instant that a text names.
CREATE OR REPLACE VIEW instant_of AS
WITH
    match({text:String}, '^[0-9]{16}$') AS is_number,
    if(is_number, fromUnixTimestamp64Micro(toInt64OrZero({text:String}), 'UTC'), parseDateTime64BestEffortOrNull({text:String}, 6, 'UTC')) AS parsed,
    match({text:String}, '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?(Z|[+-](0[0-9]|1[0-4]):?[0-5][0-9])$') AS has_zone
SELECT ifNull(parsed, toDateTime64(0, 6, 'UTC')) AS instant
WHERE throwIf(parsed IS NULL OR NOT (is_number OR has_zone),
    'The moment is no instant. Write text with its zone, such as 2026-01-31T23:59:59.999999Z or 2026-02-01T00:59:59+01:00, or toUnixTimestamp64Micro(…) of a DateTime64(6): a DateTime loses its zone on the way into a view') = 0;

-- Times at which the state of PostgreSQL is not known: before the first snapshot of a table, and from the last change of earlier epochs to
-- the snapshot of a new one. What was committed meanwhile came with the snapshot, which dates all of it with itself.
CREATE OR REPLACE VIEW history_gaps AS
SELECT of, epoch, known_until, known_again
FROM
(
    SELECT of, epoch, reads, first_read AS known_again,
        max(last_change) OVER (ORDER BY epoch RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS known_until
    FROM
    (
        SELECT 'bets' AS of, bitShiftRight(version, 57) AS epoch, max(committed_at) AS last_change,
            minIf(committed_at, NOT bitTest(version, 56)) AS first_read, countIf(NOT bitTest(version, 56)) AS reads
        FROM bet_changes GROUP BY epoch
        UNION ALL
        SELECT 'users' AS of, bitShiftRight(version, 57) AS epoch, max(committed_at) AS last_change,
            minIf(committed_at, NOT bitTest(version, 56)) AS first_read, countIf(NOT bitTest(version, 56)) AS reads
        FROM user_changes GROUP BY epoch
        UNION ALL
        SELECT 'events' AS of, bitShiftRight(version, 57) AS epoch, max(committed_at) AS last_change,
            minIf(committed_at, NOT bitTest(version, 56)) AS first_read, countIf(NOT bitTest(version, 56)) AS reads
        FROM event_changes GROUP BY epoch
    )
)
WHERE reads > 0 AND known_until < known_again;

-- The instant that a text names, if the state of that moment is known.
CREATE OR REPLACE VIEW answerable_instant_of AS
WITH (SELECT instant FROM instant_of(text = {text:String})) AS moment
SELECT moment AS instant
WHERE throwIf(moment > (SELECT ifNull(max(data_as_of), toDateTime64(0, 6, 'UTC')) FROM data_as_of),
        'The moment is later than data_as_of: changes committed by then may not be visible yet') = 0
    AND throwIf((SELECT count() FROM history_gaps WHERE moment > known_until AND moment < known_again) > 0,
        'The state of that moment is not known: it lies before the first snapshot or between two epochs, see history_gaps') = 0;

-- As of a past moment: SELECT … FROM bets_as_of_unchecked(moment = '2026-01-31T23:59:59.999999Z').
-- What was committed later is not seen; what a snapshot read is dated by the snapshot.
CREATE OR REPLACE VIEW bets_as_of_unchecked AS
WITH
    (SELECT instant FROM instant_of(text = {moment:String})) AS moment,
    toDateTime64('1900-01-01 00:00:00', 6, 'UTC') AS earliest,
    toDateTime64('2299-12-31 23:59:59.999999', 6, 'UTC') AS latest_shown
SELECT
    bet.id AS bet_id,
    bet.status AS bet_status,
    bet.amount AS bet_amount,
    bet.payout AS payout,
    least(greatest(bet.placed_at, earliest), latest_shown) AS placed_at,
    if(bet.settled_at IS NULL, NULL, least(greatest(bet.settled_at, earliest), latest_shown)) AS settled_at,
    bet.user_id AS user_id,
    usr.name AS user_name,
    if(usr.created_at IS NULL, NULL, least(greatest(usr.created_at, earliest), latest_shown)) AS user_created_at,
    bet.event_id AS event_id,
    played.name AS event_name,
    played.category AS event_category,
    if(played.start_time IS NULL, NULL, least(greatest(played.start_time, earliest), latest_shown)) AS event_start_time,
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
    WHERE committed_at <= moment
    GROUP BY id
    HAVING NOT is_gone AND latest > (SELECT max(version) FROM truncations WHERE table = 'bets' AND committed_at <= moment)
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
    WHERE committed_at <= moment
    GROUP BY id
    HAVING NOT is_gone AND latest > (SELECT max(version) FROM truncations WHERE table = 'users' AND committed_at <= moment)
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
    WHERE committed_at <= moment
    GROUP BY id
    HAVING NOT is_gone AND latest > (SELECT max(version) FROM truncations WHERE table = 'events' AND committed_at <= moment)
) AS played ON played.id = bet.event_id;

-- The same, and an error where the state of the moment is not known.
CREATE OR REPLACE VIEW bets_as_of AS
SELECT * FROM bets_as_of_unchecked(moment = {moment:String})
WHERE (SELECT instant FROM answerable_instant_of(text = {moment:String})) IS NOT NULL;

-- As of a PostgreSQL snapshot, exactly: xmax and the running ids of pg_current_snapshot(), the epoch of the cluster that took
-- it, and its clock then.
-- SELECT … FROM bets_as_of_snapshot_unchecked(epoch = 1, xmax = 760, xip = [752, 755], taken = '2026-01-31T12:00:00Z').
-- The stream carries the low 32 bits of a transaction id; it means the id nearest to xmax, before or after it. Ids come
-- round, so they decide only within an hour of the snapshot: what was committed longer before it is seen, what was
-- committed longer after it is not. Changes without an id are seen.
CREATE OR REPLACE VIEW bets_as_of_snapshot_unchecked AS
WITH
    (SELECT instant FROM instant_of(text = {taken:String})) AS taken,
    (version, transaction_id, committed_at) -> bitShiftRight(version, 57) < {epoch:UInt8} OR transaction_id = 0
        OR (bitShiftRight(version, 57) = {epoch:UInt8} AND committed_at < taken + INTERVAL 1 HOUR
            AND (committed_at < taken - INTERVAL 1 HOUR
                OR (whole_id(transaction_id) < {xmax:UInt64} AND NOT has({xip:Array(UInt64)}, toUInt64(whole_id(transaction_id)))))) AS is_seen,
    transaction_id -> toInt64({xmax:UInt64}) + toInt32(toInt64(transaction_id) - toInt64(bitAnd({xmax:UInt64}, 0xFFFFFFFF))) AS whole_id
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
) AS played ON played.id = bet.event_id;

-- The same, and an error where the snapshot is later than data_as_of.
CREATE OR REPLACE VIEW bets_as_of_snapshot AS
SELECT * FROM bets_as_of_snapshot_unchecked(epoch = {epoch:UInt8}, xmax = {xmax:UInt64}, xip = {xip:Array(UInt64)}, taken = {taken:String})
WHERE (SELECT instant FROM answerable_instant_of(text = {taken:String})) IS NOT NULL;
