-- What Ingest keeps beside the rows: one outcome for each command, and every movement of money.

-- The journal makes commands idempotent for ever. A command's row is inserted by the transaction that applies it, so
-- a command has an outcome exactly if it has had its effect.
CREATE TABLE commands (
    command_id   uuid PRIMARY KEY,
    kind         text NOT NULL,
    -- SHA-256 of the canonical content: tells a duplicate from a conflict.
    payload_hash bytea NOT NULL CHECK (octet_length(payload_hash) = 32),
    outcome      text NOT NULL CHECK (outcome IN ('accepted', 'rejected', 'parked')),
    reason       text,
    bet_id       bigint,
    user_id      bigint,
    event_id     bigint,
    issued_at    timestamptz NOT NULL,
    applied_at   timestamptz NOT NULL,
    CHECK ((outcome = 'accepted') = (reason IS NULL))
) WITH (fillfactor = 95, autovacuum_vacuum_insert_scale_factor = 0.05);

-- Commands that came with the id of another command and other content: evidence for both sides, never applied.
CREATE TABLE command_conflicts (
    command_id   uuid NOT NULL,
    payload_hash bytea NOT NULL,
    first_hash   bytea NOT NULL,
    command      text NOT NULL,
    seen_at      timestamptz NOT NULL,
    PRIMARY KEY (command_id, payload_hash)
);

-- Double entry: the entries of one command sum to zero. Accounts: 'wallet' (of user_id), 'stakes' (held for open bets),
-- 'house' (what the platform won or lost), 'bank' (the world outside, where deposits come from). Only wallets have a
-- balance in a row; the others are sums, so no transaction ever waits for another at the house's account.
CREATE TABLE ledger_entries (
    entry_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    command_id uuid NOT NULL,
    account    text NOT NULL CHECK (account IN ('wallet', 'stakes', 'house', 'bank')),
    user_id    bigint NOT NULL,
    bet_id     bigint,
    amount     numeric(14, 2) NOT NULL CHECK (amount <> 0 AND amount <> 'NaN'),
    issued_at  timestamptz NOT NULL
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05);

-- A user's statement; also what proves that a wallet equals its ledger.
CREATE INDEX ledger_entries_by_wallet ON ledger_entries (user_id, entry_id) WHERE account = 'wallet';

-- Commands that wait for a user, an event or a bet that has not come yet. Their journal row says 'parked' meanwhile.
CREATE TABLE parked_commands (
    command_id uuid PRIMARY KEY,
    waits_for  text NOT NULL CHECK (waits_for IN ('user', 'event', 'bet')),
    waits_id   bigint NOT NULL,
    command    text NOT NULL,
    -- The bet that it places once it is released; others may wait for that bet in turn.
    brings_bet bigint,
    issued_at  timestamptz NOT NULL,
    parked_at  timestamptz NOT NULL,
    deadline   timestamptz NOT NULL
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

CREATE INDEX parked_commands_by_wait ON parked_commands (waits_id, waits_for);
CREATE INDEX parked_commands_by_deadline ON parked_commands (deadline);
