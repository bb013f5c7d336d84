-- How long after an event's start were its bets settled? In seconds, by category.
SELECT event_category, count() AS settled_bets,
       quantileExact(0.5)(dateDiff('second', event_start_time, settled_at)) AS half_within,
       max(dateDiff('second', event_start_time, settled_at)) AS slowest
FROM bets_analytics
WHERE bet_status = 'SETTLED' AND event_start_time IS NOT NULL
GROUP BY event_category
ORDER BY event_category;

-- football | 2 | 9000 | 9000
