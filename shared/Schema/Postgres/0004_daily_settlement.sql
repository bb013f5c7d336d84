-- Closed bets by the UTC day on which they were closed and how; a cache that the CacheWarmer refreshes every hour.
CREATE MATERIALIZED VIEW daily_settlement AS
SELECT (settled_at AT TIME ZONE 'UTC')::date AS day,
       status,
       count(*) AS bets,
       sum(amount) AS staked,
       sum(payout) AS paid_out,
       sum(amount) - sum(payout) AS house_result
FROM bets
WHERE settled_at IS NOT NULL AND isfinite(settled_at)
GROUP BY 1, 2;

-- What lets a refresh go on beside readers (REFRESH … CONCURRENTLY).
CREATE UNIQUE INDEX daily_settlement_key ON daily_settlement (day, status);

-- Only an owner may refresh a view; this lends that one right to those who may call it.
CREATE FUNCTION refresh_daily_settlement() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS 'REFRESH MATERIALIZED VIEW CONCURRENTLY public.daily_settlement';

REVOKE EXECUTE ON FUNCTION refresh_daily_settlement() FROM PUBLIC;
