using Betting.Contracts.Commands;
using Betting.Ingest.Decide;
using Betting.Ingest.Postgres;
using Npgsql;

namespace Betting.Ingest.Load;

/// <summary>What was read, PostgreSQL's time once all of it was locked, UTC, and its <see cref="ServerIdentity"/>.</summary>
readonly record struct LoadedState(State State, DateTime Now, string Server);

/// <summary>
/// Locks and reads what a batch touches, in one round trip: events, then wallets, then bets, each in the order of ids. All
/// replicas take locks in this order, so they wait for one another and do not deadlock. When every lock is held, PostgreSQL's
/// clock is read: it is the one that deadlines and issuedAt are compared with, whatever the replicas' clocks say.
///
/// Bets come last, because that one is not there is decided on as well, and nothing can be locked that is not there: after
/// every wait is over, a bet that is missing is missing in whatever this batch depends on. Were they read first, a wallet
/// could be read that was waited for, together with the absence of the bet for which it was held.
/// </summary>
static class StateLoader
{
    // The queue in front of the events' row locks: see migration 0014.
    const int EventLocks = 64;
    const string HoldEvents = "SELECT hold_events($1, $2)";

    // A reader's lock holds off whoever would finish the event, and lets all other bets on it go on. One lock strength a
    // batch: raising it half-way would deadlock two replicas that both hold the weaker one.
    const string EventsForBets = "SELECT id, status FROM events WHERE id = ANY($1) ORDER BY id FOR SHARE";
    const string EventsForChange = "SELECT id, status FROM events WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE";

    // The wallets of the users named and of the users whose bets are named; a bet keeps its user. Where a bet comes between
    // this statement and the next, its wallet is missing, and the gate at the end sends the batch back to the beginning.
    const string Wallets = """
        SELECT user_id, balance FROM wallets
        WHERE user_id IN (SELECT unnest($1) UNION SELECT user_id FROM bets WHERE id = ANY($2))
        ORDER BY user_id FOR NO KEY UPDATE
        """;

    const string Bets = "SELECT id, user_id, event_id, status, amount FROM bets WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE";

    // clock_timestamp and not now(), which is when the transaction began: it may have waited since.
    const string TakenUsersAndTime = $"SELECT ARRAY(SELECT id FROM users WHERE id = ANY($1)), clock_timestamp(), {ServerIdentity.Sql}";

    public static IReadOnlyList<NpgsqlBatchCommand> Statements(Touched touched) =>
        [
            new(HoldEvents)
            {
                Parameters =
                {
                    ArrayParameter.Integers(LocksOf(touched.Events)),
                    new NpgsqlParameter<bool> { TypedValue = touched.ChangesEvents },
                },
            },
            new(touched.ChangesEvents ? EventsForChange : EventsForBets) { Parameters = { ArrayParameter.Ids(touched.Events) } },
            new(Wallets) { Parameters = { ArrayParameter.Ids(touched.Users), ArrayParameter.Ids(touched.Bets) } },
            new(Bets) { Parameters = { ArrayParameter.Ids(touched.Bets) } },
            new(TakenUsersAndTime) { Parameters = { ArrayParameter.Ids(touched.NewUsers) } },
        ];

    public static async Task<LoadedState> LoadAsync(NpgsqlTransaction transaction, Touched touched, CancellationToken cancellation)
    {
        await using var batch = StatementBatch.Of(transaction, Statements(touched));
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        var state = new State();
        await rows.NextResultAsync(cancellation);
        while (await rows.ReadAsync(cancellation))
        {
            state.Events.Add(rows.GetInt64(0), new BettingEvent { Id = rows.GetInt64(0), Status = rows.GetString(1) });
        }
        await rows.NextResultAsync(cancellation);
        while (await rows.ReadAsync(cancellation))
        {
            state.Accounts.Add(
                rows.GetInt64(0),
                new Account { UserId = rows.GetInt64(0), Balance = Money.FromDecimal(rows.GetDecimal(1)) }
            );
        }
        await rows.NextResultAsync(cancellation);
        while (await rows.ReadAsync(cancellation))
        {
            state.Bets.Add(rows.GetInt64(0), ReadBet(rows));
        }
        await rows.NextResultAsync(cancellation);
        await rows.ReadAsync(cancellation);
        state.TakenUserIds.UnionWith(rows.GetFieldValue<long[]>(0));
        return new LoadedState(state, rows.GetDateTime(1), rows.GetString(2));
    }

    static int[] LocksOf(IEnumerable<long> events) => [.. events.Select(id => (int)((ulong)id % EventLocks)).Distinct().Order()];

    static Bet ReadBet(NpgsqlDataReader row) =>
        new()
        {
            Id = row.GetInt64(0),
            UserId = row.GetInt64(1),
            EventId = row.GetInt64(2),
            Status = row.GetString(3),
            Amount = Money.FromDecimal(row.GetDecimal(4)),
        };
}
