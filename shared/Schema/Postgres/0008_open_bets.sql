-- The read side asks for OPEN bets only, a small and changing part of the table: an index of these alone answers from
-- the index, and a settled bet leaves it. Counts by status read the table; an index over all bets did not make them
-- faster and cost every bet placed and settled. Figures: docs/decisions/bets-schema.md.
CREATE INDEX bets_open ON bets (placed_at DESC, id DESC) INCLUDE (user_id, event_id, amount) WHERE status = 'OPEN';

DROP INDEX bets_by_status;
