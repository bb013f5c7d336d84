-- What did the house win by day of closing? With the mean of the seven days up to it, days without closed bets counted as zero: the
-- input of a forecast. A day's mean does not depend on the days asked for.
-- Counts: bets SETTLED, CASHED_OUT or CANCELLED, by the UTC day of settled_at (a cancelled bet's is the time of its cancellation), with the
-- stake less the payout. A closed bet without a payout (NULL) has paid nothing. Left out: closed bets without settled_at, which have no day.
-- Left out too, where migrate --keep lets rows expire: bets placed before kept_since.whole_days, whenever they were closed. They are gone or
-- not yet, so a day can lack results of bets that were placed long before it.
-- parameters: from = 2025-03-01, to = 2025-03-04
WITH days AS
(
    SELECT toDate32(settled_at) AS day, sum(bet_amount - ifNull(payout, 0)) AS result
    FROM bets_analytics
    WHERE bet_status != 'OPEN' AND settled_at >= {from:Date32} - INTERVAL 6 DAY AND settled_at < {to:Date32}
        AND placed_at >= (SELECT whole_days FROM kept_since)
    GROUP BY day
    ORDER BY day WITH FILL FROM {from:Date32} - INTERVAL 6 DAY TO {to:Date32}
)
-- With aggregate_functions_null_for_empty = 1 the sum is Nullable, and a day that WITH FILL adds has NULL.
SELECT day, result, week_mean
FROM
(
    SELECT day, ifNull(days.result, 0) AS result,
           round(avg(toFloat64(ifNull(days.result, 0))) OVER (ORDER BY day ROWS BETWEEN 6 PRECEDING AND CURRENT ROW), 2) AS week_mean
    FROM days
)
WHERE day >= {from:Date32}
ORDER BY day;

-- 2025-03-01 | -105 | -15
-- 2025-03-02 | 0 | -15
-- 2025-03-03 | 0 | -15
