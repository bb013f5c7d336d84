-- Times at which the state of PostgreSQL is not known. Of the last transaction that came from an epoch some changes may not have come, and of others
-- of the same millisecond none: the state is known until a millisecond before it. Debezium notes the time of a snapshot before it begins to read:
-- what was committed between the two is among reads of a snapshot that the stream ran before. In all else the definition is that of 0030.
CREATE OR REPLACE VIEW history_gaps AS
SELECT * FROM
(
    SELECT gap.1 AS of, epoch, gap.2 AS known_until, gap.3 AS known_again
    FROM
    (
        SELECT
            epoch,
            ifNull(
                argMaxOrNull(last_change, last_version) OVER (ORDER BY epoch RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
                    - INTERVAL 1 MILLISECOND,
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
    UNION ALL
    SELECT
        'snapshot' AS of,
        bitShiftRight(version, 57) AS epoch,
        minIf(committed_at, marker = 'noted') - INTERVAL 1 MILLISECOND AS known_until,
        minIf(committed_at, marker = 'later') + INTERVAL 1 MILLISECOND AS known_again
    FROM snapshot_markers
    WHERE marker IN ('noted', 'later')
    GROUP BY version
)
SETTINGS join_use_nulls = 0, aggregate_functions_null_for_empty = 0, empty_result_for_aggregation_by_empty_set = 0,
    prefer_column_name_to_alias = 0;
