-- How much money hangs on each event? Stakes are held until a bet is closed.
-- The largest single stake tells whether one user is the risk.
-- Counts: bets OPEN now. An event that is unknown has an empty name and status.
-- Left out where migrate --keep lets rows expire: bets placed before kept_since.whole_days, which are gone or not yet.
SELECT event_id, event_name, event_status, count() AS open_bets, sum(bet_amount) AS stakes_held, max(bet_amount) AS largest_stake
FROM bets_analytics
WHERE bet_status = 'OPEN' AND placed_at >= (SELECT whole_days FROM kept_since)
GROUP BY event_id, event_name, event_status
ORDER BY stakes_held DESC, event_id;

-- 30 | Derby | LIVE | 3 | 76.5 | 60
