using Dapper;
using Npgsql;

namespace Betting.Local.Cluster.Proof;

/// <summary>
/// The invariants that PostgreSQL alone must keep. Each question returns its offenders, one line of text each. NULL is a value to a
/// question: a closed bet without a payout has paid nothing, and an account that a bet has no entries of differs from any sum.
/// </summary>
static class LedgerProof
{
    static readonly (string Name, string Offenders)[] Questions =
    [
        (
            "one outcome for each command",
            """
            SELECT command_id || ': ' || coalesce(outcome, 'not in the journal') || ', parked ' || (p.command_id IS NOT NULL)
            FROM commands c FULL JOIN parked_commands p USING (command_id)
            WHERE (c.outcome = 'parked') IS DISTINCT FROM (p.command_id IS NOT NULL)
            """
        ),
        (
            "ledger entries sum to zero",
            """
            SELECT command_id || ': ' || sum(amount) FROM ledger_entries GROUP BY command_id HAVING sum(amount) <> 0
            """
        ),
        (
            "only accepted commands moved money",
            """
            SELECT DISTINCT l.command_id || ': ' || coalesce(c.outcome, 'not in the journal')
            FROM ledger_entries l LEFT JOIN commands c USING (command_id) WHERE c.outcome IS DISTINCT FROM 'accepted'
            """
        ),
        ("no negative wallet", "SELECT user_id || ': ' || balance FROM wallets WHERE balance < 0"),
        (
            "each wallet equals its ledger",
            """
            SELECT user_id || ': balance ' || coalesce(w.balance, 0) || ', ledger ' || coalesce(l.balance, 0)
            FROM wallets w FULL JOIN (SELECT user_id, sum(amount) AS balance FROM ledger_entries
                WHERE account = 'wallet' GROUP BY user_id) l USING (user_id)
            WHERE coalesce(w.balance, 0) <> coalesce(l.balance, 0)
            """
        ),
        (
            "bets agree with their ledger entries",
            """
            SELECT coalesce(b.id, l.bet_id) || ': ' || coalesce(b.status, 'no bet') || ', stake ' || coalesce(b.amount,
            0) || ', held ' || coalesce(l.held, 0)
                   || ', wallet ' || coalesce(l.wallet, 0)
            FROM bets b
            FULL JOIN (SELECT bet_id, sum(amount) FILTER (WHERE account = 'stakes') AS held,
            sum(amount) FILTER (WHERE account = 'wallet') AS wallet
                       FROM ledger_entries WHERE bet_id IS NOT NULL GROUP BY bet_id) l ON l.bet_id = b.id
            WHERE b.id IS NULL OR l.bet_id IS NULL
               OR l.held IS DISTINCT FROM CASE b.status WHEN 'OPEN' THEN b.amount ELSE 0 END
               OR l.wallet IS DISTINCT FROM CASE b.status WHEN 'OPEN' THEN -b.amount WHEN 'CANCELLED' THEN 0
                                            ELSE coalesce(b.payout, 0) - b.amount END
            """
        ),
    ];

    public static async Task<IReadOnlyList<Invariant>> CheckAsync(NpgsqlDataSource postgres)
    {
        await using var connection = await postgres.OpenConnectionAsync();
        var commands = await connection.ExecuteScalarAsync<long>("SELECT count(*) FROM commands");
        var invariants = new List<Invariant>();
        foreach (var (name, offenders) in Questions)
        {
            var found = (await connection.QueryAsync<string>(offenders + " LIMIT 5", commandTimeout: 300)).ToList();
            invariants.Add(new Invariant(name, found.Count == 0, found.Count == 0 ? $"{commands:N0} commands" : string.Join("; ", found)));
        }
        return invariants;
    }
}
