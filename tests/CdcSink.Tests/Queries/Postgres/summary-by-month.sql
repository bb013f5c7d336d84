SELECT month_of(placed_at), event_category, bet_status, count(*), count(DISTINCT user_id), sum(bet_amount), sum(coalesce(payout, 0))
FROM bets GROUP BY 1, 2, 3 ORDER BY 1, event_category COLLATE "C", bet_status COLLATE "C"
