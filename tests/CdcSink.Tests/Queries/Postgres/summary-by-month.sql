SELECT month_of(placed_at), event_category, bet_status, count(*), count(DISTINCT user_id), sum(bet_amount)::numeric(20, 2), sum(coalesce(payout, 0))::numeric(20, 2)
FROM bets GROUP BY 1, 2, 3 ORDER BY 1, event_category COLLATE "C", bet_status COLLATE "C"
