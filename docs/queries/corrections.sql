-- Which bets were changed after they had been closed, and how? One line for each column that changed: what it was and what it became.
-- Counts: every change behind the first closing (SETTLED, CASHED_OUT, CANCELLED) of a bet: another status (a reopening and the closing after
-- it too), amount, payout (0 and NULL differ), user, event, placed_at or settled_at, a deletion, and a row that comes back under its id.
-- A change of a bet's id is a deletion here: PostgreSQL's stream tells it as one, with a new bet behind it.
-- Not found: what TRUNCATE or a snapshot of a newer epoch took away (see the table truncations). Several changes of one bet within
-- one transaction are found each, several within one gap of the history (see the view history_gaps) as one, dated by the snapshot.
-- A time that DateTime64 cannot show is given as microseconds since 1970, and infinity is the largest of them.
-- Found also of bets that migrate --keep has let expire: the history of changes is kept whole.
WITH
    time -> if(toUnixTimestamp64Micro(time) BETWEEN -2208988800000000 AND 10413791999999999, toString(time), toString(toUnixTimestamp64Micro(time))) AS text_of,
    changes AS
    (
        -- A read of a snapshot that comes after streamed changes of its bet repeats what they say, but has a smaller version than they have.
        SELECT *, min(if(bitTest(version, 56), committed_at, NULL)) OVER (PARTITION BY id, bitShiftRight(version, 57)) AS streamed_since
        FROM bet_changes FINAL
    ),
    states AS
    (
        -- Deletions bring no columns, and a change may bring only some: the others are what they were.
        SELECT id, version, committed_at, NOT deleted AND status IN ('SETTLED', 'CASHED_OUT', 'CANCELLED') AS is_closing,
               [if(deleted, 'deleted', 'there'),
                argMaxIf(toString(status), version, NOT deleted AND NOT bitTest(not_sent, 2)) OVER upto,
                argMaxIf(toDecimalString(amount, 2), version, NOT deleted AND NOT bitTest(not_sent, 3)) OVER upto,
                tupleElement(argMaxIf(tuple(toDecimalString(payout, 2)), version, NOT deleted AND NOT bitTest(not_sent, 4)) OVER upto, 1),
                toString(argMaxIf(user_id, version, NOT deleted) OVER upto),
                toString(argMaxIf(event_id, version, NOT deleted) OVER upto),
                text_of(argMaxIf(placed_at, version, NOT deleted) OVER upto),
                text_of(tupleElement(argMaxIf(tuple(settled_at), version, NOT deleted AND NOT bitTest(not_sent, 6)) OVER upto, 1))] AS state
        FROM changes
        WHERE bitTest(version, 56) OR streamed_since IS NULL OR streamed_since > committed_at
        WINDOW upto AS (PARTITION BY id ORDER BY version ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    ),
    steps AS
    (
        SELECT id, version, committed_at, state,
               any(state) OVER (PARTITION BY id ORDER BY version ROWS BETWEEN 1 PRECEDING AND 1 PRECEDING) AS was,
               max(is_closing) OVER (PARTITION BY id ORDER BY version ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS was_closed
        FROM states
    )
SELECT id AS bet_id, committed_at AS corrected_at, change.1 AS changed, change.2 AS before, change.3 AS after
FROM steps
ARRAY JOIN arrayFilter(pair -> isDistinctFrom(pair.2, pair.3),
    -- A first state has none before it. Some plans look at it before they leave it out.
    arrayZip(['row', 'status', 'amount', 'payout', 'user_id', 'event_id', 'placed_at', 'settled_at'], if(empty(was), state, was), state)) AS change
WHERE was_closed
ORDER BY version, bet_id, changed
-- With this setting at 1, a column that no change has brought yet would be NULL and not empty.
SETTINGS aggregate_functions_null_for_empty = 0;

-- 2 | 2025-03-03 09:00:00.000000 | payout | 0.00 | 75.00
