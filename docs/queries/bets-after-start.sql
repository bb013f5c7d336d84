-- Which bets were placed after their event had begun? Live betting, or a start time that was wrong.
-- Counts: every bet, whatever its status. Left out: bets whose event is unknown. The start is the event's start time as it is now.
-- Left out where migrate --keep lets rows expire: bets placed before kept_since.whole_days, which are gone or not yet.
SELECT bet_id, user_id, event_id, event_status, dateDiff('second', event_start_time, placed_at) AS seconds_after_start
FROM bets_analytics
WHERE placed_at > event_start_time AND placed_at >= (SELECT whole_days FROM kept_since)
ORDER BY seconds_after_start DESC, bet_id;

-- 6 | 1 | 30 | LIVE | 300
