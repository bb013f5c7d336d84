namespace Betting.Local.Bench.Parts.Ingest;

/// <summary>A database whose journal has millions of commands, with the bets and ledger entries that came of them.</summary>
static class LongJournal
{
    // Ids of version 7 as they would have come over the last days, hashes of full length, one bet and two entries for every
    // command: what the worker itself would have left behind. Indexes are there while it is filled, as they were then. Users come at
    // random: were it their turn one after the other, all their pages would be full, and split, at the same time. Each step's
    // commands are later than those of the one before.
    const string Fill = """
        INSERT INTO commands (command_id, kind, payload_hash, outcome, bet_id, user_id, event_id, issued_at, applied_at)
        SELECT id, 'place-bet', sha256(int8send(n)), 'accepted', n, 1 + (hashint8(n)::bigint + 2147483648) % $3, 1 + n % $4, at, at
        FROM (SELECT n, at, encode(substr(int8send((extract(epoch FROM at) * 1000)::bigint),
            3) || '\x7000'::bytea || '\x80'::bytea || substr(sha256(int8send(n)), 1, 7), 'hex')::uuid AS id
              FROM (SELECT n, now() - (($5 - n) * interval '10 ms') AS at FROM generate_series($1, $2) n) s) c
        """;

    const string Bets = """
        INSERT INTO bets (id, user_id, event_id, status, amount, payout, placed_at, settled_at)
        SELECT bet_id, user_id, event_id, 'SETTLED', 5, 0, issued_at, issued_at FROM commands WHERE bet_id BETWEEN $1 AND $2
        ORDER BY command_id
        """;

    const string Entries = """
        INSERT INTO ledger_entries (command_id, account, user_id, bet_id, amount, issued_at)
        SELECT command_id, account, user_id, bet_id, amount, issued_at
        FROM commands CROSS JOIN (VALUES ('wallet', -5), ('stakes', 5)) side(account, amount) WHERE bet_id BETWEEN $1 AND $2
        ORDER BY command_id
        """;

    // Every wallet equals its ledger still; what the settlements moved is left out.
    const string Wallets = """
        UPDATE wallets SET balance = balance - 5 * bets.n FROM (SELECT user_id, count(*) AS n FROM bets GROUP BY 1) bets
        WHERE bets.user_id = wallets.user_id
        """;

    const long Step = 1_000_000;

    /// <summary>Fills it with so many commands; bet ids from 1 on are used up then.</summary>
    public static async Task FillAsync(BenchDatabase database, BenchRun run, long commands, CancellationToken cancellation)
    {
        for (var first = 1L; first <= commands; first += Step)
        {
            var last = Math.Min(first + Step - 1, commands);
            await RunAsync(database, Fill, cancellation, first, last, IngestStage.Users, IngestStage.Events, commands);
            await RunAsync(database, Bets, cancellation, first, last);
            await RunAsync(database, Entries, cancellation, first, last);
            run.Say($"  journal: {last:N0} of {commands:N0} commands");
        }
        await RunAsync(database, Wallets, cancellation);
        await RunAsync(database, "VACUUM ANALYZE", cancellation);
        await RunAsync(database, "CHECKPOINT", cancellation);
    }

    static async Task RunAsync(BenchDatabase database, string sql, CancellationToken cancellation, params long[] numbers)
    {
        await using var command = database.Admin.CreateCommand(sql);
        foreach (var number in numbers)
        {
            command.Parameters.AddWithValue(number);
        }
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
