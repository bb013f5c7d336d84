-- Of the users who came in a month, how many still bet after 30 days?
SELECT toStartOfMonth(user_created_at) AS cohort_month, COUNT(DISTINCT user_id) AS users,
       COUNT(DISTINCT IF(placed_at >= user_created_at + INTERVAL 30 DAY, user_id, NULL)) AS retained_30d
FROM bets_analytics GROUP BY cohort_month ORDER BY cohort_month DESC;

-- 2025-03-01 | 1 | 0
-- 2025-02-01 | 1 | 1
-- 2025-01-01 | 1 | 1
