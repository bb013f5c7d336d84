using Betting.Ingest.Decide;
using Betting.Ingest.Postgres;
using Npgsql;

namespace Betting.Ingest.Persist;

/// <summary>Writes the changed part of a state: one statement a table and kind of change, whatever the number of rows.</summary>
static class StateSaver
{
    /// <summary>The statements that are needed, in the order of locks.</summary>
    public static IEnumerable<SavedRows> Statements(State state)
    {
        var newEvents = state.Events.Values.Where(row => row.IsNew).ToArray();
        var changedEvents = state.Events.Values.Where(row => row is { IsNew: false, Changed: true }).ToArray();
        var newBets = state.Bets.Values.Where(row => row.PlacedAt is not null).ToArray();
        var closedBets = state.Bets.Values.Where(row => row.Changed).ToArray();
        var newUsers = state.Accounts.Values.Where(row => row.RegisteredAt is not null).ToArray();
        var renamedUsers = state.Accounts.Values.Where(row => row is { RegisteredAt: null, Name: not null }).ToArray();
        var wallets = state.Accounts.Values.Where(row => row is { RegisteredAt: null, BalanceChanged: true }).ToArray();
        return
        [
            .. SavedRows.Of(newEvents, InsertEvents),
            .. SavedRows.Of(changedEvents, UpdateEvents),
            .. SavedRows.Of(newBets, InsertBets),
            .. SavedRows.Of(closedBets, CloseBets),
            .. SavedRows.Of(newUsers, InsertUsers),
            .. SavedRows.Of(newUsers, InsertWallets),
            // A user is known by the wallet, which is locked; somebody may have deleted the row of users.
            .. SavedRows.Of(renamedUsers, RenameUsers, mayLeaveOut: true),
            .. SavedRows.Of(wallets, UpdateWallets),
        ];
    }

    /// <summary>The ledger's entries; null where nothing moved.</summary>
    public static IEnumerable<SavedRows> Statements(Ledger ledger) => SavedRows.Of(ledger.Entries, InsertEntries);

    static NpgsqlBatchCommand InsertEvents(IReadOnlyCollection<BettingEvent> rows) =>
        new(
            """
            INSERT INTO events (id, name, category, start_time, status) SELECT * FROM unnest($1, $2, $3, $4, $5) AS e(id, name, category,
                start_time, status) ORDER BY e.id
            """
        )
        {
            Parameters = { Ids(rows), Names(rows), Categories(rows), StartTimes(rows), Statuses(rows) },
        };

    static NpgsqlBatchCommand UpdateEvents(IReadOnlyCollection<BettingEvent> rows) =>
        new(
            """
            UPDATE events SET name = coalesce(e.name, events.name), category = coalesce(e.category, events.category),
                start_time = coalesce(e.start_time, events.start_time), status = e.status
            FROM unnest($1, $2, $3, $4, $5) AS e(id, name, category, start_time, status)
            WHERE events.id = e.id
            """
        )
        {
            Parameters = { Ids(rows), Names(rows), Categories(rows), StartTimes(rows), Statuses(rows) },
        };

    static NpgsqlBatchCommand InsertBets(IReadOnlyCollection<Bet> rows) =>
        new(
            """
            INSERT INTO bets (id, user_id, event_id, status, amount, payout, placed_at, settled_at)
            SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) AS b(id, user_id, event_id, status, amount, payout, placed_at, settled_at)
            ORDER BY b.id
            """
        )
        {
            Parameters =
            {
                ArrayParameter.Ids(rows.Select(row => row.Id)),
                ArrayParameter.Ids(rows.Select(row => row.UserId)),
                ArrayParameter.Ids(rows.Select(row => row.EventId)),
                ArrayParameter.Texts(rows.Select(row => row.Status)),
                ArrayParameter.Amounts(rows.Select(row => (decimal?)row.Amount.ToDecimal())),
                ArrayParameter.Amounts(rows.Select(row => row.Payout?.ToDecimal())),
                ArrayParameter.Moments(rows.Select(row => row.PlacedAt)),
                ArrayParameter.Moments(rows.Select(row => row.ClosedAt)),
            },
        };

    static NpgsqlBatchCommand CloseBets(IReadOnlyCollection<Bet> rows) =>
        new(
            """
            UPDATE bets SET status = b.status, payout = b.payout, settled_at = b.settled_at
            FROM unnest($1, $2, $3, $4) AS b(id, status, payout, settled_at)
            WHERE bets.id = b.id
            """
        )
        {
            Parameters =
            {
                ArrayParameter.Ids(rows.Select(row => row.Id)),
                ArrayParameter.Texts(rows.Select(row => row.Status)),
                ArrayParameter.Amounts(rows.Select(row => row.Payout?.ToDecimal())),
                ArrayParameter.Moments(rows.Select(row => row.ClosedAt)),
            },
        };

    static NpgsqlBatchCommand InsertUsers(IReadOnlyCollection<Account> rows) =>
        new(
            """
            INSERT INTO users (id, name, created_at) SELECT * FROM unnest($1, $2, $3) AS u(id, name, created_at) ORDER BY u.id
            """
        )
        {
            Parameters =
            {
                ArrayParameter.Ids(rows.Select(row => row.UserId)),
                ArrayParameter.Texts(rows.Select(row => row.Name)),
                ArrayParameter.Moments(rows.Select(row => row.RegisteredAt)),
            },
        };

    static NpgsqlBatchCommand InsertWallets(IReadOnlyCollection<Account> rows) =>
        new(
            """
            INSERT INTO wallets (user_id, balance) SELECT * FROM unnest($1, $2) AS w(user_id, balance) ORDER BY w.user_id
            """
        )
        {
            Parameters = { UserIds(rows), Balances(rows) },
        };

    static NpgsqlBatchCommand UpdateWallets(IReadOnlyCollection<Account> rows) =>
        new(
            """
            UPDATE wallets SET balance = w.balance FROM unnest($1, $2) AS w(user_id, balance) WHERE wallets.user_id = w.user_id
            """
        )
        {
            Parameters = { UserIds(rows), Balances(rows) },
        };

    static NpgsqlBatchCommand RenameUsers(IReadOnlyCollection<Account> rows) =>
        new(
            """
            UPDATE users SET name = u.name FROM unnest($1, $2) AS u(id, name) WHERE users.id = u.id
            """
        )
        {
            Parameters = { UserIds(rows), ArrayParameter.Texts(rows.Select(row => row.Name)) },
        };

    static NpgsqlBatchCommand InsertEntries(IReadOnlyCollection<LedgerEntry> rows) =>
        new(
            """
            INSERT INTO ledger_entries (command_id, account, user_id, bet_id, amount, issued_at) SELECT * FROM unnest($1, $2, $3, $4, $5,
                $6)
            """
        )
        {
            Parameters =
            {
                ArrayParameter.Uuids(rows.Select(row => row.CommandId)),
                ArrayParameter.Texts(rows.Select(row => row.Account)),
                ArrayParameter.Ids(rows.Select(row => row.UserId)),
                ArrayParameter.OptionalIds(rows.Select(row => row.BetId)),
                ArrayParameter.Amounts(rows.Select(row => (decimal?)row.Amount.ToDecimal())),
                ArrayParameter.Moments(rows.Select(row => (DateTime?)row.IssuedAt)),
            },
        };

    static NpgsqlParameter UserIds(IReadOnlyCollection<Account> rows) => ArrayParameter.Ids(rows.Select(row => row.UserId));

    static NpgsqlParameter Balances(IReadOnlyCollection<Account> rows) =>
        ArrayParameter.Amounts(rows.Select(row => (decimal?)row.Balance.ToDecimal()));

    static NpgsqlParameter Ids(IReadOnlyCollection<BettingEvent> rows) => ArrayParameter.Ids(rows.Select(row => row.Id));

    static NpgsqlParameter Names(IReadOnlyCollection<BettingEvent> rows) => ArrayParameter.Texts(rows.Select(row => row.Name));

    static NpgsqlParameter Categories(IReadOnlyCollection<BettingEvent> rows) => ArrayParameter.Texts(rows.Select(row => row.Category));

    static NpgsqlParameter StartTimes(IReadOnlyCollection<BettingEvent> rows) => ArrayParameter.Moments(rows.Select(row => row.StartTime));

    static NpgsqlParameter Statuses(IReadOnlyCollection<BettingEvent> rows) => ArrayParameter.Texts(rows.Select(row => row.Status));
}
