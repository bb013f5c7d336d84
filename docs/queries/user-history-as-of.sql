-- What did a user's bets look like at a past moment, for compliance? As committed in PostgreSQL by then, names included.
-- Counts: bets that named this user then. The moment names its zone, and one at which the state is not known is refused.
-- Counted also where migrate --keep has let them expire: the history of changes is kept whole.
-- parameters: user = 2, moment = 2025-03-02T00:00:00Z
SELECT bet_id, bet_status, bet_amount, payout, placed_at, settled_at, user_name, event_name, event_status
FROM bets_as_of(moment = {moment:String})
WHERE user_id = {user:Int64}
ORDER BY bet_id;

-- 2 | SETTLED | 50 | 0 | 2025-03-01 17:30:00.000000 | 2025-03-01 20:30:00.000000 | Bob | Cup | FINISHED
