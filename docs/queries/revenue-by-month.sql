-- What was wagered and settled by month and category?
-- Counts: bets placed since 2024, by the UTC month of placed_at, whatever their status, cancelled ones too. settled_amount is the stakes of
-- bets SETTLED now. Those of CASHED_OUT and CANCELLED are in total_wagered alone. Category '' is bets whose event is unknown.
-- Left out where migrate --keep lets rows expire: months before kept_since.whole_months, of which bets are gone or not yet.
SELECT makeDate32(toYear(placed_at), toMonth(placed_at), 1) AS month, event_category, COUNT(*) AS bet_count, SUM(bet_amount) AS total_wagered,
       SUM(IF(bet_status = 'SETTLED', bet_amount, 0)) AS settled_amount
FROM bets_analytics WHERE placed_at >= '2024-01-01' AND placed_at >= (SELECT whole_months FROM kept_since)
GROUP BY month, event_category ORDER BY month DESC, total_wagered DESC, event_category;

-- 2025-04-01 | football | 2 | 65.5 | 0
-- 2025-03-01 | football | 2 | 61 | 50
-- 2025-03-01 | tennis | 2 | 60 | 0
-- 2025-02-01 | football | 1 | 100 | 100
