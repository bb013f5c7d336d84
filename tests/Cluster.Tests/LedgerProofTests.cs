using Betting.Local.Cluster.Proof;
using Betting.Schema;
using Betting.Tests.Fixtures;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace Betting.Tests.Cluster;

/// <summary>Faults of the ledger that have a NULL in them, each planted into books that are right otherwise.</summary>
[Collection(ClusterCollection.Name)]
[Trait("Category", "real")]
public sealed class LedgerProofTests(RunningCluster running)
{
    // What a bet without a payout was paid.
    const string Paid = $"""
        UPDATE ledger_entries SET amount = -15 WHERE account = 'house';
        UPDATE wallets SET balance = 115;
        INSERT INTO ledger_entries (command_id, account, user_id, bet_id, amount, issued_at)
        VALUES ('{Settlement}', 'wallet', 1, 1, 25, now())
        """;

    // A bet of which neither the stake nor anything in the wallet was booked.
    const string Unbooked = """
        UPDATE bets SET status = 'CANCELLED';
        UPDATE ledger_entries SET account = CASE account WHEN 'wallet' THEN 'bank' ELSE 'house' END WHERE bet_id = 1;
        UPDATE wallets SET balance = 100
        """;

    const string ParkedOnly =
        "INSERT INTO parked_commands VALUES ('00000000-0000-7000-8000-000000000003', 'user', 5, '{}', NULL, now(), now(), now())";

    const string Command = "00000000-0000-7000-8000-000000000001",
        Settlement = "00000000-0000-7000-8000-000000000002";

    [Theory]
    [InlineData("", "")]
    [InlineData("UPDATE bets SET payout = 25", "bets agree with their ledger entries")]
    [InlineData(Paid, "bets agree with their ledger entries")]
    [InlineData(Unbooked, "bets agree with their ledger entries")]
    [InlineData(ParkedOnly, "one outcome for each command")]
    public async Task A_planted_fault_is_found(string fault, string broken)
    {
        var database = await TestDatabase.CreateAsync(running.Cluster.Engines.Postgres);
        var cancellation = TestContext.Current.CancellationToken;
        await PostgresMigrator.MigrateAsync(database, new Dictionary<string, string>(), NullLogger.Instance, cancellation);
        await using var postgres = NpgsqlDataSource.Create(database);
        await using (var connection = await postgres.OpenConnectionAsync(cancellation))
        {
            await connection.ExecuteAsync(
                $"""
                INSERT INTO wallets VALUES (1, 90);
                INSERT INTO bets VALUES (1, 1, 1, 'SETTLED', 10, NULL, now(), now());
                INSERT INTO commands (command_id, kind, payload_hash, outcome, issued_at, applied_at)
                SELECT id::uuid, 'place-bet', sha256('x'), 'accepted', now(), now() FROM unnest(ARRAY['{Command}', '{Settlement}']) AS id;
                INSERT INTO ledger_entries (command_id, account, user_id, bet_id, amount, issued_at) VALUES
                    ('{Command}', 'wallet', 1, NULL, 100, now()), ('{Command}', 'bank', 1, NULL, -100, now()),
                    ('{Command}', 'wallet', 1, 1, -10, now()), ('{Command}', 'stakes', 1, 1, 10, now()),
                    ('{Settlement}', 'stakes', 1, 1, -10, now()), ('{Settlement}', 'house', 1, 1, 10, now());
                {fault}
                """
            );
        }

        var invariants = await LedgerProof.CheckAsync(postgres);

        Assert.Equal(broken, string.Join(", ", invariants.Where(invariant => !invariant.Holds).Select(invariant => invariant.Name)));
        Assert.All(invariants, invariant => Assert.NotEmpty(invariant.Detail));
    }
}
