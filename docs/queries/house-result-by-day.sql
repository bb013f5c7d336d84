-- What did the house win by day of closing? With the mean of the seven days up to it, days without bets counted as zero: the
-- input of a forecast.
-- parameters: from = 2025-03-01, to = 2025-03-04
WITH days AS
(
    SELECT toDate(settled_at) AS day, sum(bet_amount - ifNull(payout, 0)) AS result
    FROM bets_analytics
    WHERE bet_status != 'OPEN' AND settled_at >= {from:Date} AND settled_at < {to:Date}
    GROUP BY day
    ORDER BY day WITH FILL FROM {from:Date} TO {to:Date}
)
SELECT day, result, round(avg(toFloat64(result)) OVER (ORDER BY day ROWS BETWEEN 6 PRECEDING AND CURRENT ROW), 2) AS week_mean
FROM days
ORDER BY day;

-- 2025-03-01 | -105 | -105
-- 2025-03-02 | 0 | -52.5
-- 2025-03-03 | 0 | -35
