-- What a sorting key that begins with time does not find: a bet by its id, the bets of a user or an event, and days of another time
-- than placed_at. Ids of bets rise with time, so the least and the greatest of a granule say enough; users and events do not.
-- Bet, user and event are of the sorting key, so all versions of a row are read or left out together; for the other columns
-- FINAL has to read along what may outrank a row that was found: the view asks for it, whatever a profile says.
ALTER TABLE bets_analytics_rows
    ADD INDEX IF NOT EXISTS bet_ids bet_id TYPE minmax GRANULARITY 1,
    ADD INDEX IF NOT EXISTS user_ids user_id TYPE bloom_filter(0.01) GRANULARITY 1,
    ADD INDEX IF NOT EXISTS event_ids event_id TYPE bloom_filter(0.01) GRANULARITY 1,
    ADD INDEX IF NOT EXISTS settled settled_at TYPE minmax GRANULARITY 1,
    ADD INDEX IF NOT EXISTS started event_start_time TYPE minmax GRANULARITY 1;

-- The past is asked by the time of commit, which the changelog's sorting key does not have.
ALTER TABLE bet_changes
    ADD INDEX IF NOT EXISTS committed committed_at TYPE minmax GRANULARITY 8;

-- New parts have them from now on; what is there gets them in the background.
ALTER TABLE bets_analytics_rows
    MATERIALIZE INDEX bet_ids, MATERIALIZE INDEX user_ids, MATERIALIZE INDEX event_ids, MATERIALIZE INDEX settled, MATERIALIZE INDEX started;

ALTER TABLE bet_changes
    MATERIALIZE INDEX committed;

-- The same view, that stays exact where a profile takes the indexes without the exact mode (ClickHouse 25.6 and later know it).
CREATE OR REPLACE VIEW bets_analytics AS
SELECT
    bet_id, bet_status, bet_amount, payout, placed_at, settled_at,
    user_id, user_name, user_created_at,
    event_id, event_name, event_category, event_start_time, event_status,
    bet_version, user_version, event_version,
    arrayMap(bit -> ['user_id', 'event_id', 'bet_status', 'bet_amount', 'payout', 'placed_at', 'settled_at', 'user_name', 'user_created_at',
        'event_name', 'event_category', 'event_start_time', 'event_status'][bit + 1], bitPositionsToArray(marks)) AS marks
FROM bets_analytics_rows FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1, use_skip_indexes_if_final_exact_mode = 1;
