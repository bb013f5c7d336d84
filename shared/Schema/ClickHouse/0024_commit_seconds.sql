-- What commit times say of PostgreSQL's clock where no watermark does: while the connector is down nobody writes watermarks, and it sends
-- the changes of that time afterwards. A change names the last commit before its own transaction (source.sequence[0]). These positions
-- order the transactions of all partitions, and them and the watermarks: a watermark counts as a commit of its own there.

-- For each second of commit times: the lowest and the highest position of a commit that a transaction committed in that second followed.
-- Kept for a day, like watermarks; what is found is kept in clock_jumps.
CREATE TABLE IF NOT EXISTS commit_seconds
(
    epoch UInt8,
    second DateTime64(6, 'UTC'),
    first_after SimpleAggregateFunction(min, UInt64),
    last_after SimpleAggregateFunction(max, UInt64),
    recorded_at SimpleAggregateFunction(max, DateTime64(6, 'UTC')) DEFAULT now64(6)
)
ENGINE = AggregatingMergeTree
ORDER BY (epoch, second)
TTL toDateTime(recorded_at) + INTERVAL 1 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- PostgreSQL's clock in the order of the log: all watermarks, and the commits that no visible watermark covers. What precedes a visible
-- watermark was looked at before that one became visible. A commit's time is known here to a second, and may be another one early or late.
CREATE OR REPLACE VIEW log_readings AS
WITH (SELECT max(version) FROM visible_watermarks) AS visible
SELECT version, 0 AS is_commit, at, at AS lowest_at, at AS highest_at FROM clock_readings
UNION ALL
SELECT
    arrayJoin(arrayDistinct([first_after, last_after])) AS version,
    1 AS is_commit,
    second AS at,
    second - INTERVAL 1 SECOND AS lowest_at,
    second + INTERVAL 2 SECOND AS highest_at
FROM commit_seconds
WHERE last_after >= visible AND version >= visible;

-- A reading is sound if none before it in the log is later and none behind it is earlier, by more than the second to which commit times are
-- good anyway. From a sound reading to the next one the clock can be doubted if there are others between the two.
-- Nearly always no reading is earlier than one before it; one pass over them says so, and the rest reads nothing.
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
WHERE doubtful > 0;
