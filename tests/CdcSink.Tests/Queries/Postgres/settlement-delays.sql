SELECT event_category, count(*), percentile_disc(0.5) WITHIN GROUP (ORDER BY delay), max(delay)
FROM (SELECT event_category, floor(extract(epoch FROM settled_at)) - floor(extract(epoch FROM event_start_time)) AS delay
    FROM bets WHERE bet_status = 'SETTLED' AND event_start_time IS NOT NULL AND settled_at IS NOT NULL) delays
GROUP BY event_category ORDER BY event_category COLLATE "C"
