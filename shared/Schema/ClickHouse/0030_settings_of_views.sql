-- These views answer the same whatever settings the reader's session or profile has. With join_use_nulls the texts of an unknown user
-- or event were NULL; with aggregate_functions_null_for_empty or empty_result_for_aggregation_by_empty_set bets_as_of_unchecked had no rows
-- and kept_since no moment; with prefer_column_name_to_alias history_gaps was an error. A view's own SETTINGS outrank the reader's, within
-- the view and all that it reads, also for a reader who may not change settings. Apart from them the definitions are what they were, and
-- join_use_nulls is no error any more. Only kept_since has another meaning: it was too early at the ends of months and after a longer --keep.

-- What expired under a rule does not come back when the rule gets longer.
ALTER TABLE row_retention ADD COLUMN IF NOT EXISTS gone_before DateTime64(6, 'UTC') DEFAULT toDateTime64('1900-01-01 00:00:00', 6, 'UTC');

-- From here on no row of a day or a month has expired by migrate --keep. 1900: rows stay for ever. A row expires at placed_at + months, which
-- is cut to the last day of a shorter month: on that day the rows of all later days of the longer month expire as well, so the next month is
-- the first whole one. gone_before is the beginning of a day.
CREATE OR REPLACE VIEW kept_since AS
WITH
    toDateTime64('1900-01-01 00:00:00', 6, 'UTC') AS always,
    max(months) AS kept,
    ifNull(maxOrNull(gone_before), always) AS gone,
    now64(6, 'UTC') AS at,
    at - toIntervalMonth(kept) AS expired,
    makeDate32(toYear(expired), toMonth(expired), 1) + INTERVAL 1 MONTH AS next_month,
    toMonth(at) != toMonth(at + INTERVAL 1 DAY) AS is_last_of_month
SELECT
    greatest(gone, if(kept = 0, always, toDateTime64(if(is_last_of_month, next_month, toDate32(expired) + INTERVAL 1 DAY), 6, 'UTC'))) AS whole_days,
    greatest(
        if(gone = always, always, toDateTime64(makeDate32(toYear(gone - INTERVAL 1 DAY), toMonth(gone - INTERVAL 1 DAY), 1) + INTERVAL 1 MONTH, 6, 'UTC')),
        if(kept = 0, always, toDateTime64(next_month, 6, 'UTC'))) AS whole_months
FROM row_retention FINAL
WHERE of = 'bets_analytics_rows'
SETTINGS join_use_nulls = 0, aggregate_functions_null_for_empty = 0, empty_result_for_aggregation_by_empty_set = 0,
    prefer_column_name_to_alias = 0;

-- Everything that PostgreSQL committed before this moment is visible.
CREATE OR REPLACE VIEW data_as_of AS
WITH (SELECT minOrNull(holds_from) FROM holds) AS held
SELECT if(held < visible, nullIf(held, toDateTime64(0, 6, 'UTC')), visible) AS data_as_of
FROM (SELECT argMaxOrNull(as_of, version) AS visible FROM visible_watermarks)
SETTINGS join_use_nulls = 0, aggregate_functions_null_for_empty = 0, empty_result_for_aggregation_by_empty_set = 0,
    prefer_column_name_to_alias = 0;

-- The commit times of all changes as they are stored. With final, the reader's setting, a change that came twice stood here once.
CREATE OR REPLACE VIEW commit_times AS
SELECT * FROM
(
    SELECT 'bets' AS of, version, transaction_id, committed_at FROM bet_changes
    UNION ALL
    SELECT 'users' AS of, version, transaction_id, committed_at FROM user_changes
    UNION ALL
    SELECT 'events' AS of, version, transaction_id, committed_at FROM event_changes
)
SETTINGS final = 0;

-- PostgreSQL's clock in the order of the log.
CREATE OR REPLACE VIEW log_readings AS
SELECT * FROM
(
    WITH (SELECT max(version) FROM visible_watermarks) AS visible
    SELECT version, 0 AS is_commit, at, at AS lowest_at, at AS highest_at FROM clock_readings
    UNION ALL
    WITH (SELECT max(version) FROM visible_watermarks) AS visible
    SELECT
        arrayJoin(arrayDistinct([first_after, last_after])) AS version,
        1 AS is_commit,
        second AS at,
        second - INTERVAL 1 SECOND AS lowest_at,
        second + INTERVAL 2 SECOND AS highest_at
    FROM commit_seconds
    WHERE last_after >= visible AND version >= visible
)
SETTINGS join_use_nulls = 0, aggregate_functions_null_for_empty = 0, empty_result_for_aggregation_by_empty_set = 0,
    prefer_column_name_to_alias = 0;

-- Where that clock fell, of what is kept for a day.
CREATE OR REPLACE VIEW recent_clock_jumps AS
WITH
    (
        SELECT max(is_early)
        FROM
        (
            SELECT highest_at < max(lowest_at) OVER (ORDER BY version, is_commit, at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
                - INTERVAL 1 SECOND AS is_early
            FROM log_readings
        )
    ) AS has_jumped
SELECT
    least(if(first_sound = 0, lowest, sound_at), lowest) - INTERVAL 1 SECOND AS known_until,
    greatest(highest, next_sound_at) + INTERVAL 1 SECOND AS known_again,
    if(first_sound = 0, first_doubtful, first_sound) AS from_version,
    if(last_fall = 0, last_doubtful, last_fall) AS fall_version
FROM
(
    SELECT
        countIf(NOT is_sound) AS doubtful,
        minIf(version, is_sound) AS first_sound,
        minIf(version, NOT is_sound) AS first_doubtful,
        maxIf(version, NOT is_sound) AS last_doubtful,
        maxIf(at, is_sound) AS sound_at,
        minIf(at, NOT is_sound) AS lowest,
        maxIf(at + toIntervalSecond(is_commit), NOT is_sound) AS highest,
        maxIf(version, has_fallen) AS last_fall,
        min(sound_at) OVER (ORDER BY stretch ROWS BETWEEN 1 FOLLOWING AND 1 FOLLOWING) AS next_sound_at
    FROM
    (
        SELECT version, is_commit, at, is_sound, has_fallen, sum(is_sound) OVER (ORDER BY version, is_commit, at) AS stretch
        FROM
        (
            SELECT
                version,
                is_commit,
                at,
                at < max(at) OVER (ORDER BY version, is_commit, at ROWS BETWEEN 1 PRECEDING AND 1 PRECEDING) AS has_fallen,
                highest_at >= max(lowest_at) OVER (ORDER BY version, is_commit, at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
                        - INTERVAL 1 SECOND
                    AND lowest_at <= min(highest_at) OVER
                        (ORDER BY version DESC, is_commit DESC, at DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
                        + INTERVAL 1 SECOND AS is_sound
            FROM log_readings
            WHERE has_jumped
        )
    )
    GROUP BY stretch
)
WHERE doubtful > 0
SETTINGS join_use_nulls = 0, aggregate_functions_null_for_empty = 0, empty_result_for_aggregation_by_empty_set = 0,
    prefer_column_name_to_alias = 0;

-- Moments that are not known because PostgreSQL's clock jumped.
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
GROUP BY jump
SETTINGS join_use_nulls = 0, aggregate_functions_null_for_empty = 0, empty_result_for_aggregation_by_empty_set = 0,
    prefer_column_name_to_alias = 0;

-- For each table and epoch: its last change, and from where on the table is known whole.
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
GROUP BY part.of AS of, part.epoch AS epoch
SETTINGS join_use_nulls = 0, aggregate_functions_null_for_empty = 0, empty_result_for_aggregation_by_empty_set = 0,
    prefer_column_name_to_alias = 0;

-- Times at which the state of PostgreSQL is not known.
CREATE OR REPLACE VIEW history_gaps AS
SELECT * FROM
(
    SELECT gap.1 AS of, epoch, gap.2 AS known_until, gap.3 AS known_again
    FROM
    (
        SELECT
            epoch,
            ifNull(
                argMaxOrNull(last_change, last_version) OVER (ORDER BY epoch RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
                fromUnixTimestamp64Micro(-62135683200000000, 'UTC')) AS last_of_older,
            arrayJoin([
                (of, last_of_older, if(reads > 0, known_again, last_of_older)),
                ('clock', behind_reading_at - INTERVAL 1 SECOND,
                    newest_reading + if(behind_reading_at < newest_reading - INTERVAL 1 SECOND, toIntervalSecond(1), toIntervalSecond(-1)))
            ]) AS gap
        FROM history_of_tables
    )
    WHERE gap.2 < gap.3
    UNION ALL
    SELECT 'clock' AS of, epoch, known_until, known_again FROM clock_gaps
)
SETTINGS join_use_nulls = 0, aggregate_functions_null_for_empty = 0, empty_result_for_aggregation_by_empty_set = 0,
    prefer_column_name_to_alias = 0;

-- The instant that a text names, if the state of that moment is known.
CREATE OR REPLACE VIEW answerable_instant_of AS
WITH (SELECT instant FROM instant_of(text = {text:String})) AS moment
SELECT moment AS instant
WHERE throwIf(moment > (SELECT ifNull(max(data_as_of), toDateTime64(0, 6, 'UTC')) FROM data_as_of),
        'The moment is later than data_as_of: changes committed by then may not be visible yet') = 0
    AND throwIf((SELECT count() FROM history_gaps WHERE moment > known_until AND moment < known_again) > 0,
        'The state of that moment is not known: it lies before the first snapshot, between two epochs or where the clock of PostgreSQL was set, see history_gaps') = 0
SETTINGS join_use_nulls = 0, aggregate_functions_null_for_empty = 0, empty_result_for_aggregation_by_empty_set = 0,
    prefer_column_name_to_alias = 0;

-- The time of a snapshot, if what it saw is known.
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
        'The state of that snapshot is not known: it was taken after the last change that came from its epoch') = 0
SETTINGS join_use_nulls = 0, aggregate_functions_null_for_empty = 0, empty_result_for_aggregation_by_empty_set = 0,
    prefer_column_name_to_alias = 0;

-- As of a past moment, from what is visible, complete or not.
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
) AS played ON played.id = bet.event_id
SETTINGS join_use_nulls = 0, aggregate_functions_null_for_empty = 0, empty_result_for_aggregation_by_empty_set = 0,
    prefer_column_name_to_alias = 0;

-- The same, and an error where the state of the moment is not known.
CREATE OR REPLACE VIEW bets_as_of AS
SELECT * FROM bets_as_of_unchecked(moment = {moment:String})
WHERE (SELECT instant FROM answerable_instant_of(text = {moment:String})) IS NOT NULL
SETTINGS join_use_nulls = 0, aggregate_functions_null_for_empty = 0, empty_result_for_aggregation_by_empty_set = 0,
    prefer_column_name_to_alias = 0;

-- As of a PostgreSQL snapshot, from what is visible, complete or not. 0023 says how what it saw is found.
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
) AS played ON played.id = bet.event_id
SETTINGS join_use_nulls = 0, aggregate_functions_null_for_empty = 0, empty_result_for_aggregation_by_empty_set = 0,
    prefer_column_name_to_alias = 0;

-- The same, and an error where what the snapshot saw is not known or not visible yet.
CREATE OR REPLACE VIEW bets_as_of_snapshot AS
SELECT * FROM bets_as_of_snapshot_unchecked(
    epoch = {epoch:UInt8}, position = {position:UInt64}, xmax = {xmax:UInt64}, xip = {xip:Array(UInt64)}, taken = {taken:String})
WHERE (SELECT instant FROM answerable_snapshot_of(epoch = {epoch:UInt8}, position = {position:UInt64}, taken = {taken:String})) IS NOT NULL
SETTINGS join_use_nulls = 0, aggregate_functions_null_for_empty = 0, empty_result_for_aggregation_by_empty_set = 0,
    prefer_column_name_to_alias = 0;
