-- Summaries for those who need no newer answer than their tier: refreshed whole and swapped in at once, so that a reader sees
-- one moment or the next and never a mixture. data_as_of is read before the bets are: everything committed by then is in. NULL
-- before the sink has taken anything from a stream.

-- Dashboards: the last three days by hour, at most 5 minutes old.
CREATE MATERIALIZED VIEW IF NOT EXISTS summary_by_hour
REFRESH EVERY 5 MINUTE
(
    hour DateTime('UTC'),
    event_category LowCardinality(String),
    bet_status LowCardinality(String),
    bets UInt64,
    users UInt64,
    stakes Decimal(38, 2),
    payouts Decimal(38, 2),
    data_as_of Nullable(DateTime64(6, 'UTC'))
)
ENGINE = MergeTree
ORDER BY (hour, event_category, bet_status)
AS SELECT
    toStartOfHour(placed_at) AS hour, event_category, bet_status,
    count() AS bets, uniqExact(user_id) AS users, sum(bet_amount) AS stakes, sum(ifNull(payout, 0)) AS payouts,
    (SELECT data_as_of FROM data_as_of) AS data_as_of
FROM bets_analytics
WHERE placed_at >= now() - INTERVAL 3 DAY
GROUP BY hour, event_category, bet_status;

-- Daily reports: the last 400 days by day, at most an hour old.
CREATE MATERIALIZED VIEW IF NOT EXISTS summary_by_day
REFRESH EVERY 1 HOUR
(
    day Date,
    event_category LowCardinality(String),
    bet_status LowCardinality(String),
    bets UInt64,
    users UInt64,
    stakes Decimal(38, 2),
    payouts Decimal(38, 2),
    data_as_of Nullable(DateTime64(6, 'UTC'))
)
ENGINE = MergeTree
ORDER BY (day, event_category, bet_status)
AS SELECT
    toDate(placed_at) AS day, event_category, bet_status,
    count() AS bets, uniqExact(user_id) AS users, sum(bet_amount) AS stakes, sum(ifNull(payout, 0)) AS payouts,
    (SELECT data_as_of FROM data_as_of) AS data_as_of
FROM bets_analytics
WHERE placed_at >= now() - INTERVAL 400 DAY
GROUP BY day, event_category, bet_status;

-- History: all months, at most a day old.
CREATE MATERIALIZED VIEW IF NOT EXISTS summary_by_month
REFRESH EVERY 1 DAY
(
    month Date,
    event_category LowCardinality(String),
    bet_status LowCardinality(String),
    bets UInt64,
    users UInt64,
    stakes Decimal(38, 2),
    payouts Decimal(38, 2),
    data_as_of Nullable(DateTime64(6, 'UTC'))
)
ENGINE = MergeTree
ORDER BY (month, event_category, bet_status)
AS SELECT
    toStartOfMonth(placed_at) AS month, event_category, bet_status,
    count() AS bets, uniqExact(user_id) AS users, sum(bet_amount) AS stakes, sum(ifNull(payout, 0)) AS payouts,
    (SELECT data_as_of FROM data_as_of) AS data_as_of
FROM bets_analytics
GROUP BY month, event_category, bet_status;
