SELECT month_of(placed_at), event_category, count(*), sum(bet_amount), coalesce(sum(bet_amount) FILTER (WHERE bet_status = 'SETTLED'), 0)
FROM bets WHERE placed_at >= '2024-01-01 00:00Z' AND placed_at >= (SELECT whole_months FROM kept) GROUP BY 1, 2 ORDER BY 1 DESC, 4 DESC, event_category COLLATE "C"
