-- Which bets were placed after their event had begun? Live betting, or a start time that was wrong.
-- Counts: every bet, whatever its status. Left out: bets whose event is unknown. The start is the event's start time as it is now.
SELECT bet_id, user_id, event_id, event_status, dateDiff('second', event_start_time, placed_at) AS seconds_after_start
FROM bets_analytics
WHERE placed_at > event_start_time
ORDER BY seconds_after_start DESC, bet_id;

-- 6 | 1 | 30 | LIVE | 300
