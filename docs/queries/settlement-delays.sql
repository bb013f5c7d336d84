-- How long after an event's start were its bets settled? In seconds, by category.
-- Counts: bets SETTLED now with a time of settlement, of events that are known. Not those cashed out or cancelled. half_within is the lower
-- median. A bet settled before the start that its event has now counts with a negative delay.
-- Left out where migrate --keep lets rows expire: bets placed before kept_since.whole_days, which are gone or not yet.
SELECT event_category, count() AS settled_bets,
       quantileExactLow(0.5)(dateDiff('second', event_start_time, settled_at)) AS half_within,
       max(dateDiff('second', event_start_time, settled_at)) AS slowest
FROM bets_analytics
WHERE bet_status = 'SETTLED' AND event_start_time IS NOT NULL AND settled_at IS NOT NULL AND placed_at >= (SELECT whole_days FROM kept_since)
GROUP BY event_category
ORDER BY event_category;

-- football | 2 | 7200 | 9000
