-- What is asked for latest first is read backwards from an ascending index just as well, and written better: where rows come in
-- the order of time, an ascending page that is full is split behind its last entry and stays full, while a descending one is
-- halved each time. A user's bets of one microsecond are sorted by id when they are read; the index does not carry it.
-- Figures: docs/decisions/bets-schema.md.
CREATE INDEX bets_by_user_ascending ON bets (user_id, placed_at);
DROP INDEX bets_by_user;
ALTER INDEX bets_by_user_ascending RENAME TO bets_by_user;

CREATE INDEX bets_open_ascending ON bets (placed_at, id) INCLUDE (user_id, event_id, amount) WHERE status = 'OPEN';
DROP INDEX bets_open;
ALTER INDEX bets_open_ascending RENAME TO bets_open;

-- A wallet's entries were an index by user, in which each user has a page of its own: with millions of entries every command read and
-- wrote a page that nobody had near. New bets have ids near each other, so entries by bet are written where the last ones were; which
-- bets are a user's is known, and what moves money without a bet is rare. Figures: docs/decisions/ingest-speed.md.
CREATE INDEX ledger_entries_by_bet ON ledger_entries (bet_id) WHERE account = 'wallet' AND bet_id IS NOT NULL;
CREATE INDEX ledger_entries_without_bet ON ledger_entries (user_id, entry_id) WHERE account = 'wallet' AND bet_id IS NULL;
DROP INDEX ledger_entries_by_wallet;
