SELECT event_category, count(*), count(*) FILTER (WHERE bet_status = 'CANCELLED'), count(*) FILTER (WHERE bet_status = 'CANCELLED')::numeric / count(*),
    coalesce(sum(bet_amount) FILTER (WHERE bet_status = 'CANCELLED'), 0) / sum(bet_amount)
FROM bets GROUP BY 1 ORDER BY event_category COLLATE "C"
