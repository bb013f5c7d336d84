-- What the platform knows: users, their wallets, events and bets.
--
-- There are no foreign keys between them. A bet may come before its user or event (it is parked until they come), the
-- check would take a row lock on a hot event for every bet, and the worker that writes already locks and reads both.

CREATE TABLE users (
    id         bigint PRIMARY KEY CHECK (id > 0),
    name       text NOT NULL,
    created_at timestamptz NOT NULL
);

-- Apart from users: a balance changes with every bet and is no analytics dimension, so it stays out of the change stream.
-- A quarter of each page is kept free and no index covers the balance, so that an update stays in its page (HOT); the
-- dead versions of a busy wallet are cleaned after 1% of the table changed, not after 20%.
CREATE TABLE wallets (
    user_id bigint PRIMARY KEY,
    balance numeric(14, 2) NOT NULL CHECK (balance >= 0 AND balance <> 'NaN')
) WITH (fillfactor = 75, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

CREATE TABLE events (
    id         bigint PRIMARY KEY CHECK (id > 0),
    name       text NOT NULL,
    category   text NOT NULL,
    start_time timestamptz NOT NULL,
    status     text NOT NULL CHECK (status IN ('SCHEDULED', 'LIVE', 'FINISHED'))
);

CREATE TABLE bets (
    id         bigint PRIMARY KEY CHECK (id > 0),
    user_id    bigint NOT NULL,
    event_id   bigint NOT NULL,
    status     text NOT NULL CHECK (status IN ('OPEN', 'SETTLED', 'CASHED_OUT', 'CANCELLED')),
    -- A NaN would stop change capture for good.
    amount     numeric(12, 2) NOT NULL CHECK (amount > 0 AND amount <> 'NaN'),
    payout     numeric(14, 2) CHECK (payout >= 0 AND payout <> 'NaN'),
    placed_at  timestamptz NOT NULL,
    settled_at timestamptz
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);

-- Deletes and key changes then carry the whole row, whatever reads the stream.
ALTER TABLE bets REPLICA IDENTITY FULL;

-- The 100 latest OPEN bets, and counts by status, without touching the table.
CREATE INDEX bets_by_status ON bets (status, placed_at DESC, id DESC);
-- One user's bets, latest first.
CREATE INDEX bets_by_user ON bets (user_id, placed_at DESC, id DESC);
-- Ranges of days for the reconciliation; bets come nearly in the order of placed_at, so a block range summary is enough.
CREATE INDEX bets_by_day ON bets USING brin (placed_at) WITH (pages_per_range = 32, autosummarize = on);
