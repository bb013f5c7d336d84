-- A text names an instant if it has a month, a day and a year from 0001 on. ClickHouse takes this year for the year 0000, January for the month
-- 00 and the first for the day 00.

-- The instant that a text names.
CREATE OR REPLACE VIEW instant_of AS
WITH
    match({text:String}, '^[0-9]{16}$') AS is_number,
    if(is_number, fromUnixTimestamp64Micro(toInt64OrZero({text:String}), 'UTC'), parseDateTime64BestEffortOrNull({text:String}, 6, 'UTC')) AS parsed,
    match({text:String}, '^([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?(Z|[+-](0[0-9]|1[0-4]):?[0-5][0-9])$') AS has_zone
SELECT ifNull(parsed, toDateTime64(0, 6, 'UTC')) AS instant
WHERE throwIf(parsed IS NULL OR NOT (is_number OR has_zone),
    'The moment is no instant. Write text with its zone, such as 2026-01-31T23:59:59.999999Z or 2026-02-01T00:59:59+01:00, or toUnixTimestamp64Micro(…) of a DateTime64(6): a DateTime loses its zone on the way into a view') = 0;

-- Nothing is known before a table was first read whole, however far back. That time began at the default of its type, 1970, so moments up
-- to 1970 were answered, with no bets. Now it begins before the first instant that a text can name: 0001-01-01T00:00:00+14:00.
CREATE OR REPLACE VIEW history_gaps AS
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
SELECT 'clock' AS of, epoch, known_until, known_again FROM clock_gaps;

-- The same view in the form in which the server stores it, with WITH before each part of the UNION, so that the two can be compared.
CREATE OR REPLACE VIEW log_readings AS
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
WHERE last_after >= visible AND version >= visible;
