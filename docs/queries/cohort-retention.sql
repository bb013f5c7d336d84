-- Of the users who registered in a month and have placed a bet, how many placed one 30 days or more after they registered?
-- Counts: users with at least one bet. Users who never bet are not in bets_analytics and so not in the cohort.
-- The month NULL is bets whose user is unknown.
-- Left out where migrate --keep lets rows expire: users who registered, and bets that were placed, before kept_since.whole_months.
-- Earlier bets are gone or not yet, so nobody could say of such a user when the first bet was placed.
SELECT makeDate32(toYear(user_created_at), toMonth(user_created_at), 1) AS cohort_month, COUNT(DISTINCT user_id) AS users,
       COUNT(DISTINCT IF(placed_at >= user_created_at + INTERVAL 30 DAY, user_id, NULL)) AS retained_30d
FROM bets_analytics
WHERE placed_at >= (SELECT whole_months FROM kept_since)
    AND (user_created_at IS NULL OR user_created_at >= (SELECT whole_months FROM kept_since))
GROUP BY cohort_month ORDER BY cohort_month DESC
-- Otherwise a profile can make COUNT(DISTINCT …) an estimate.
SETTINGS count_distinct_implementation = 'uniqExact';

-- 2025-03-01 | 1 | 0
-- 2025-02-01 | 1 | 1
-- 2025-01-01 | 1 | 1
