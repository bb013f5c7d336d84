-- A commit time is PostgreSQL's clock, and a clock can be set: then times fall while the log goes on. Positions in the log, which never fall,
-- say where that was: between two watermarks, later in the log and earlier in time. Moments around it are refused, because no state that
-- PostgreSQL ever had is the one that changes up to such a time add up to. A snapshot is found by transaction ids and by its position.

-- Where the clock fell, and the moments that are not known for it. Watermarks are kept for a day, these rows for ever.
CREATE TABLE IF NOT EXISTS clock_jumps
(
    known_until DateTime64(6, 'UTC'),
    known_again DateTime64(6, 'UTC'),
    from_version UInt64,
    fall_version UInt64,
    recorded_at DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree
ORDER BY (from_version, fall_version, known_until, known_again)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- PostgreSQL's clock at positions of its log. The newest visible watermark stays longer than a day where no other follows it.
CREATE OR REPLACE VIEW clock_readings AS
SELECT version, at FROM watermarks
UNION DISTINCT
SELECT version, as_of + INTERVAL 1 SECOND AS at FROM visible_watermarks;

-- A reading is sound if none before it in the log is later and none behind it is earlier, by more than the second to which commit times are
-- good anyway. From a sound reading to the next one the clock can be doubted if there are others between the two.
CREATE OR REPLACE VIEW recent_clock_jumps AS
SELECT
    least(if(first_sound = 0, lowest, sound_at), lowest) - INTERVAL 1 SECOND AS known_until,
    greatest(highest, next_sound_at) + INTERVAL 1 SECOND AS known_again,
    if(first_sound = 0, first_doubtful, first_sound) AS from_version,
    last_fall AS fall_version
FROM
(
    SELECT
        countIf(NOT is_sound) AS doubtful,
        minIf(version, is_sound) AS first_sound,
        minIf(version, NOT is_sound) AS first_doubtful,
        maxIf(at, is_sound) AS sound_at,
        minIf(at, NOT is_sound) AS lowest,
        maxIf(at, NOT is_sound) AS highest,
        maxIf(version, has_fallen) AS last_fall,
        min(sound_at) OVER (ORDER BY stretch ROWS BETWEEN 1 FOLLOWING AND 1 FOLLOWING) AS next_sound_at
    FROM
    (
        SELECT version, at, is_sound, has_fallen, sum(is_sound) OVER (ORDER BY version, at) AS stretch
        FROM
        (
            SELECT
                version,
                at,
                at < max(at) OVER (ORDER BY version, at ROWS BETWEEN 1 PRECEDING AND 1 PRECEDING) AS has_fallen,
                at >= max(at) OVER (ORDER BY version, at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - INTERVAL 1 SECOND
                    AND at <= min(at) OVER (ORDER BY version DESC, at DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
                        + INTERVAL 1 SECOND AS is_sound
            FROM clock_readings
        )
    )
    GROUP BY stretch
)
WHERE doubtful > 0;

-- Version, transaction and commit time of every change, whatever its table.
CREATE OR REPLACE VIEW commit_times AS
SELECT 'bets' AS of, version, transaction_id, committed_at FROM bet_changes
UNION ALL
SELECT 'users' AS of, version, transaction_id, committed_at FROM user_changes
UNION ALL
SELECT 'events' AS of, version, transaction_id, committed_at FROM event_changes;

-- Moments that are not known because PostgreSQL's clock jumped. Changes tell what watermarks do not: what the clock showed between two of
-- them, which are far apart while the connector is down.
CREATE OR REPLACE VIEW clock_gaps AS
WITH
    (
        SELECT groupUniqArray((from_version, fall_version, known_until, known_again))
        FROM
        (
            SELECT from_version, fall_version, known_until, known_again FROM clock_jumps
            UNION ALL
            SELECT from_version, fall_version, known_until, known_again FROM recent_clock_jumps
        )
    ) AS jumps
SELECT
    bitShiftRight(jump.2, 57) AS epoch,
    min(earliest) - INTERVAL 1 SECOND AS known_until,
    max(latest) + INTERVAL 1 SECOND AS known_again
FROM
(
    SELECT arrayJoin(jumps) AS jump, jump.3 + INTERVAL 1 SECOND AS earliest, jump.4 - INTERVAL 1 SECOND AS latest
    UNION ALL
    SELECT
        arrayJoin(arrayFilter(each -> version > each.1 AND version < each.2, jumps)) AS jump,
        min(committed_at) AS earliest,
        max(committed_at) AS latest
    FROM commit_times WHERE notEmpty(jumps) AND bitTest(version, 56)
    GROUP BY jump
)
GROUP BY jump;

-- For each table and epoch: its last change, and from where on the table is known whole.
-- A snapshot reads one moment, and dates all reads with it: the first one that ended counts, an attempt that was killed read a part.
-- An incremental snapshot reads a chunk after the other and dates each with its own time. It has no end that the stream tells, so a table
-- that it read first is known from its last read on, and a minute later: chunks follow each other sooner.
-- A change behind the newest watermark that was committed before it shows that the clock fell, before the next watermark does.
CREATE OR REPLACE VIEW history_of_tables AS
WITH (SELECT (max(version), argMax(at, version)) FROM clock_readings) AS reading
SELECT
    of,
    epoch,
    max(highest) AS last_version,
    argMax(newest, highest) AS last_change,
    countIf(NOT is_streamed) AS reads,
    max(is_beside) AND argMinIf(has_no_id, read_at, NOT is_streamed) AS is_incremental,
    countIf(NOT is_streamed AND NOT has_no_id AND read_at >= began) > 0 AS has_ended,
    multiIf(
        is_incremental, maxIf(latest, has_no_id) + INTERVAL 1 MINUTE,
        has_ended, minIf(earliest, NOT is_streamed AND NOT has_no_id AND read_at >= began),
        minIf(earliest, NOT is_streamed)) AS known_again,
    bitAnd(multiIf(
        is_incremental, maxIf(read_at, has_no_id),
        has_ended, minIf(read_at, NOT is_streamed AND NOT has_no_id AND read_at >= began),
        minIf(read_at, NOT is_streamed)), 72057594037927935) AS known_position,
    reading.2 AS newest_reading,
    least(min(behind_reading), reading.2) AS behind_reading_at
FROM
(
    SELECT
        of,
        bitShiftRight(version, 57) AS epoch,
        bitTest(version, 56) AS is_streamed,
        if(bitTest(version, 56), 0, version) AS read_at,
        NOT bitTest(version, 56) AND transaction_id = 0 AS has_no_id,
        min(committed_at) AS earliest,
        max(committed_at) AS latest,
        max(version) AS highest,
        argMax(committed_at, version) AS newest,
        ifNull(minOrNullIf(committed_at, bitTest(version, 56) AND version > reading.1), reading.2) AS behind_reading
    FROM commit_times
    GROUP BY of, epoch, is_streamed, read_at, has_no_id
) AS part
LEFT JOIN
(
    SELECT
        bitShiftRight(version, 57) AS epoch,
        minIf(version, marker = 'last') AS ended,
        arrayMax(arrayPushBack(arrayFilter(first -> first <= ended, groupArrayIf(version, marker = 'first')), 0)) AS first_of_ended,
        if(first_of_ended = 0, ended, first_of_ended) AS began
    FROM snapshot_markers
    GROUP BY epoch
    HAVING countIf(marker = 'last') > 0
) AS snapshot ON snapshot.epoch = part.epoch
LEFT JOIN
(
    SELECT DISTINCT splitByChar('.', toString(topic))[-1] AS of, bitShiftRight(version, 57) AS epoch, 1 AS is_beside
    FROM snapshot_markers WHERE marker = 'incremental'
) AS incremental ON incremental.of = part.of AND incremental.epoch = part.epoch
GROUP BY part.of AS of, part.epoch AS epoch;

-- Times at which the state of PostgreSQL is not known: before a table was first read whole, from the last change of earlier epochs to the
-- snapshot of a new one, and where PostgreSQL's clock jumped. What was committed meanwhile came with the snapshot, which dates all of it.
CREATE OR REPLACE VIEW history_gaps AS
SELECT gap.1 AS of, epoch, gap.2 AS known_until, gap.3 AS known_again
FROM
(
    SELECT
        epoch,
        argMax(last_change, last_version) OVER (ORDER BY epoch RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS last_of_older,
        arrayJoin([
            (of, last_of_older, if(reads > 0, known_again, last_of_older)),
            ('clock', behind_reading_at - INTERVAL 1 SECOND,
                newest_reading + if(behind_reading_at < newest_reading - INTERVAL 1 SECOND, toIntervalSecond(1), toIntervalSecond(-1)))
        ]) AS gap
    FROM history_of_tables
)
WHERE gap.2 < gap.3
UNION ALL
SELECT 'clock' AS of, epoch, known_until, known_again FROM clock_gaps;

-- The instant that a text names, if the state of that moment is known.
CREATE OR REPLACE VIEW answerable_instant_of AS
WITH (SELECT instant FROM instant_of(text = {text:String})) AS moment
SELECT moment AS instant
WHERE throwIf(moment > (SELECT ifNull(max(data_as_of), toDateTime64(0, 6, 'UTC')) FROM data_as_of),
        'The moment is later than data_as_of: changes committed by then may not be visible yet') = 0
    AND throwIf((SELECT count() FROM history_gaps WHERE moment > known_until AND moment < known_again) > 0,
        'The state of that moment is not known: it lies before the first snapshot, between two epochs or where the clock of PostgreSQL was set, see history_gaps') = 0;

-- The time of a snapshot, if what it saw is known. Positions in the log decide, and no clock: what precedes the newest visible watermark is
-- visible; a table is known from its first whole read to the last change of an epoch that another one followed.
CREATE OR REPLACE VIEW answerable_snapshot_of AS
WITH
    (SELECT instant FROM instant_of(text = {taken:String})) AS moment,
    bitOr(bitShiftLeft(toUInt64(2) * {epoch:UInt8} + 1, 56), {position:UInt64}) AS place
SELECT moment AS instant
WHERE moment IS NOT NULL
    AND throwIf(place > (SELECT max(version) FROM visible_watermarks),
        'The snapshot is later than data_as_of: changes that it saw may not be visible yet') = 0
    AND throwIf((SELECT count() FROM history_of_tables WHERE epoch = {epoch:UInt8} AND reads > 0 AND known_position > {position:UInt64}) > 0,
        'The state of that snapshot is not known: it was taken before a table was first read whole in its epoch') = 0
    AND throwIf((SELECT max(epoch) > {epoch:UInt8} AND maxIf(last_version, epoch = {epoch:UInt8}) < place FROM history_of_tables),
        'The state of that snapshot is not known: it was taken after the last change that came from its epoch') = 0;

-- As of a PostgreSQL snapshot, exactly: the epoch of the cluster that took it, a position of its log just behind it, as a number
-- (pg_current_wal_insert_lsn() - '0/0'), xmax and the running ids of pg_current_snapshot(), and its clock then.
-- SELECT … FROM bets_as_of_snapshot_unchecked(epoch = 1, position = 33158264, xmax = 760, xip = [752, 755], taken = '2026-01-31T12:00:00Z').
-- The stream carries the low 32 bits of a transaction id; it means the id nearest to xmax, before or after it. Ids come round. A transaction
-- leaves at least 16 bytes in the log, so within 32 GiB of the position no id is half a round away, and ids decide, whatever the clock said.
-- Farther on nothing is seen. Farther back all is seen but what a transaction wrote that was running: its changes are committed after the
-- snapshot, those of its namesake a round earlier more than half a day before it.
-- A snapshot's reads are of a moment before their transaction had its id. Reads without an id, those of incremental snapshots, go by position.
CREATE OR REPLACE VIEW bets_as_of_snapshot_unchecked AS
WITH
    (SELECT instant FROM instant_of(text = {taken:String})) AS taken,
    34359738368 AS near,
    version -> toInt64(bitAnd(version, 72057594037927935)) - toInt64({position:UInt64}) AS distance,
    transaction_id -> toInt64({xmax:UInt64}) + toInt32(toInt64(transaction_id) - toInt64(bitAnd({xmax:UInt64}, 0xFFFFFFFF))) AS whole_id,
    (version, transaction_id) -> bitTest(version, 56) AND has({xip:Array(UInt64)}, toUInt64(whole_id(transaction_id))) AS was_running,
    (version, transaction_id, committed_at) -> multiIf(
        bitShiftRight(version, 57) != {epoch:UInt8}, bitShiftRight(version, 57) < {epoch:UInt8},
        transaction_id = 0, distance(version) < 0,
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
) AS played ON played.id = bet.event_id;

-- The same, and an error where what the snapshot saw is not known or not visible yet.
CREATE OR REPLACE VIEW bets_as_of_snapshot AS
SELECT * FROM bets_as_of_snapshot_unchecked(
    epoch = {epoch:UInt8}, position = {position:UInt64}, xmax = {xmax:UInt64}, xip = {xip:Array(UInt64)}, taken = {taken:String})
WHERE (SELECT instant FROM answerable_snapshot_of(epoch = {epoch:UInt8}, position = {position:UInt64}, taken = {taken:String})) IS NOT NULL;
