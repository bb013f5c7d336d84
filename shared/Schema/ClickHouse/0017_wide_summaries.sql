-- Summaries in wide types and whole buckets. Date ends in 2149 and DateTime in 2106, and both begin in 1970: a bet placed in 1960 or 2200
-- was shown in a month of another century. A tier begins with a whole bucket; the newest one is as full as its data_as_of.
-- Each is a table of its own, which its view fills and swaps in whole: system tables then list no hidden .inner_id tables. Its comments stand
-- here because a table that is being swapped cannot be altered. The
-- expressions name their types because toStartOfHour and toStartOfMonth give narrow ones unless a setting says otherwise.
DROP TABLE IF EXISTS summary_by_hour_refresh;
DROP TABLE IF EXISTS summary_by_day_refresh;
DROP TABLE IF EXISTS summary_by_month_refresh;
DROP TABLE IF EXISTS summary_by_hour;
DROP TABLE IF EXISTS summary_by_day;
DROP TABLE IF EXISTS summary_by_month;

-- From here on no row of a day or a month has expired by migrate --keep. 1900: rows stay for ever.
CREATE OR REPLACE VIEW kept_since AS
WITH max(months) AS kept, now64(6, 'UTC') - toIntervalMonth(kept) AS expired, toDateTime64('1900-01-01 00:00:00', 6, 'UTC') AS always
SELECT
    if(kept = 0, always, toDateTime64(toDate32(expired) + INTERVAL 1 DAY, 6, 'UTC')) AS whole_days,
    if(kept = 0, always, toDateTime64(makeDate32(toYear(expired), toMonth(expired), 1) + INTERVAL 1 MONTH, 6, 'UTC')) AS whole_months
FROM row_retention FINAL
WHERE of = 'bets_analytics_rows';

-- Dashboards: this hour and the 72 before it, at most 5 minutes old.
CREATE TABLE IF NOT EXISTS summary_by_hour
(
    hour DateTime64(0, 'UTC') COMMENT 'Beginning of the hour, UTC',
    event_category LowCardinality(String) COMMENT 'Category of the event. Empty while the event is unknown',
    bet_status LowCardinality(String) COMMENT 'OPEN, SETTLED, CASHED_OUT or CANCELLED',
    bets UInt64 COMMENT 'Number of bets',
    users UInt64 COMMENT 'Number of different users. NOT additive over rows: the same user may stand in several',
    stakes Decimal(38, 2) COMMENT 'Sum of stakes',
    payouts Decimal(38, 2) COMMENT 'Sum of payouts, NULL as 0',
    data_as_of Nullable(DateTime64(6, 'UTC')) COMMENT 'data_as_of when the row was computed. NULL: no stream yet'
)
ENGINE = MergeTree
ORDER BY (hour, event_category, bet_status)
COMMENT 'Bets by hour of placed_at, category and status: this hour and the 72 before it. Refreshed every 5 minutes';

CREATE MATERIALIZED VIEW IF NOT EXISTS summary_by_hour_refresh
REFRESH EVERY 5 MINUTE TO summary_by_hour
AS SELECT
    toDateTime64(toDate32(placed_at), 0, 'UTC') + toIntervalHour(toHour(placed_at)) AS hour, event_category, bet_status,
    count() AS bets, uniqExact(user_id) AS users, sum(bet_amount) AS stakes, sum(ifNull(payout, 0)) AS payouts,
    (SELECT data_as_of FROM data_as_of) AS data_as_of
FROM bets_analytics
WHERE placed_at >= toStartOfHour(now('UTC')) - INTERVAL 72 HOUR
GROUP BY hour, event_category, bet_status;

-- Daily reports: today and the 400 days before it, at most an hour old.
CREATE TABLE IF NOT EXISTS summary_by_day
(
    day Date32 COMMENT 'Day, UTC',
    event_category LowCardinality(String) COMMENT 'Category of the event. Empty while the event is unknown',
    bet_status LowCardinality(String) COMMENT 'OPEN, SETTLED, CASHED_OUT or CANCELLED',
    bets UInt64 COMMENT 'Number of bets',
    users UInt64 COMMENT 'Number of different users. NOT additive over rows: the same user may stand in several',
    stakes Decimal(38, 2) COMMENT 'Sum of stakes',
    payouts Decimal(38, 2) COMMENT 'Sum of payouts, NULL as 0',
    data_as_of Nullable(DateTime64(6, 'UTC')) COMMENT 'data_as_of when the row was computed. NULL: no stream yet'
)
ENGINE = MergeTree
ORDER BY (day, event_category, bet_status)
COMMENT 'Bets by day of placed_at, category and status: today and the 400 days before it. Refreshed every hour';

CREATE MATERIALIZED VIEW IF NOT EXISTS summary_by_day_refresh
REFRESH EVERY 1 HOUR TO summary_by_day
AS SELECT
    toDate32(placed_at) AS day, event_category, bet_status,
    count() AS bets, uniqExact(user_id) AS users, sum(bet_amount) AS stakes, sum(ifNull(payout, 0)) AS payouts,
    (SELECT data_as_of FROM data_as_of) AS data_as_of
FROM bets_analytics
WHERE placed_at >= toStartOfDay(now('UTC')) - INTERVAL 400 DAY AND placed_at >= (SELECT whole_days FROM kept_since)
GROUP BY day, event_category, bet_status;

-- History: all months, at most a day old.
CREATE TABLE IF NOT EXISTS summary_by_month
(
    month Date32 COMMENT 'First day of the month, UTC',
    event_category LowCardinality(String) COMMENT 'Category of the event. Empty while the event is unknown',
    bet_status LowCardinality(String) COMMENT 'OPEN, SETTLED, CASHED_OUT or CANCELLED',
    bets UInt64 COMMENT 'Number of bets',
    users UInt64 COMMENT 'Number of different users. NOT additive over rows: the same user may stand in several',
    stakes Decimal(38, 2) COMMENT 'Sum of stakes',
    payouts Decimal(38, 2) COMMENT 'Sum of payouts, NULL as 0',
    data_as_of Nullable(DateTime64(6, 'UTC')) COMMENT 'data_as_of when the row was computed. NULL: no stream yet'
)
ENGINE = MergeTree
ORDER BY (month, event_category, bet_status)
COMMENT 'Bets by month of placed_at, category and status: all months whose rows are kept. Refreshed every day';

CREATE MATERIALIZED VIEW IF NOT EXISTS summary_by_month_refresh
REFRESH EVERY 1 DAY TO summary_by_month
AS SELECT
    makeDate32(toYear(placed_at), toMonth(placed_at), 1) AS month, event_category, bet_status,
    count() AS bets, uniqExact(user_id) AS users, sum(bet_amount) AS stakes, sum(ifNull(payout, 0)) AS payouts,
    (SELECT data_as_of FROM data_as_of) AS data_as_of
FROM bets_analytics
WHERE placed_at >= (SELECT whole_months FROM kept_since)
GROUP BY month, event_category, bet_status;
