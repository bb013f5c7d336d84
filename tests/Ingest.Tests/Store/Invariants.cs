using Npgsql;

namespace Betting.Tests.Ingest.Store;

/// <summary>What must hold in PostgreSQL after anything at all; each query returns the number of rows that break it.</summary>
static class Invariants
{
    static readonly Dictionary<string, string> Broken = new()
    {
        ["entries of one command do not sum to zero"] =
            "SELECT count(*) FROM (SELECT FROM ledger_entries GROUP BY command_id HAVING sum(amount) <> 0) x",
        ["a wallet is not its ledger"] = """
            SELECT count(*) FROM wallets w LEFT JOIN (SELECT user_id, sum(amount) AS amount FROM ledger_entries
            WHERE account = 'wallet' GROUP BY 1) l USING (user_id)
            WHERE w.balance <> coalesce(l.amount, 0)
            """,
        ["a held stake is not its open bet"] = """
            SELECT count(*) FROM bets b FULL JOIN (SELECT bet_id AS id, sum(amount) AS held FROM ledger_entries
            WHERE account = 'stakes' GROUP BY 1) l USING (id)
            WHERE coalesce(l.held, 0) <> CASE WHEN b.status = 'OPEN' THEN b.amount ELSE 0 END
            """,
        ["a payout is not what the wallet got"] = """
            SELECT count(*) FROM bets b
            LEFT JOIN (SELECT bet_id AS id, sum(amount) AS moved FROM ledger_entries WHERE account = 'wallet'
            AND bet_id IS NOT NULL GROUP BY 1) l USING (id)
            WHERE coalesce(l.moved, 0) <> coalesce(b.payout, 0) - b.amount
            """,
        ["a command that is not accepted has entries"] =
            "SELECT count(*) FROM ledger_entries l JOIN commands c USING (command_id) WHERE c.outcome <> 'accepted'",
        ["an entry has no command"] =
            "SELECT count(*) FROM ledger_entries l WHERE NOT EXISTS (SELECT FROM commands c WHERE c.command_id = l.command_id)",
        ["the journal and the parked commands disagree"] = """
            SELECT count(*) FROM (SELECT command_id FROM commands WHERE outcome = 'parked') c FULL JOIN parked_commands p USING (command_id)
            WHERE c.command_id IS NULL OR p.command_id IS NULL
            """,
        ["an accepted bet is not there, or one is there that was not accepted"] = """
            SELECT count(*) FROM (SELECT bet_id AS id FROM commands WHERE kind = 'place-bet'
            AND outcome = 'accepted') c FULL JOIN bets b USING (id)
            WHERE c.id IS NULL OR b.id IS NULL
            """,
    };

    public static async Task HoldAsync(NpgsqlDataSource postgres)
    {
        foreach (var (what, query) in Broken)
        {
            await using var command = postgres.CreateCommand(query);
            var rows = (long)(await command.ExecuteScalarAsync())!;
            Assert.True(rows == 0, $"{what}: {rows} rows");
        }
    }
}
