using Betting.Contracts;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Store;
using Npgsql;

namespace Betting.Tests.Ingest.Schema;

/// <summary>Each role can do its work and no more; every statement is tried as that role.</summary>
public sealed class RoleTests(RoleTests.Migrated migrated) : IClassFixture<RoleTests.Migrated>
{
    [Theory]
    [InlineData("ingest", "UPDATE ledger_entries SET amount = 1")]
    [InlineData("ingest", "DELETE FROM ledger_entries")]
    [InlineData("ingest", "DELETE FROM commands")]
    [InlineData("ingest", "UPDATE commands SET payload_hash = ''")]
    [InlineData("ingest", "DELETE FROM bets")]
    [InlineData("ingest", "UPDATE bets SET amount = 1")]
    [InlineData("ingest", "UPDATE bets SET user_id = 1")]
    [InlineData("ingest", "TRUNCATE bets")]
    [InlineData("ingest", "DELETE FROM wallets")]
    [InlineData("ingest", "INSERT INTO reconciliation_runs (trigger, started_at) VALUES ('x', now())")]
    [InlineData("ingest", "SELECT refresh_daily_settlement()")]
    [InlineData("ingest", "CREATE TABLE mine (id int)")]
    [InlineData("ingest", "DROP PUBLICATION debezium_publication")]
    [InlineData("replicator", "SELECT * FROM wallets")]
    [InlineData("replicator", "UPDATE bets SET status = 'OPEN'")]
    [InlineData("replicator", "DELETE FROM watermark_chain")]
    [InlineData("replicator", "INSERT INTO watermark_chain VALUES (true, gen_random_uuid(), gen_random_uuid())")]
    [InlineData("replicator", "UPDATE watermark_chain SET single = false")]
    [InlineData("ingest", "UPDATE watermark_chain SET id = previous")]
    [InlineData("reader", "UPDATE watermark_chain SET id = previous")]
    [InlineData("reader", "UPDATE bets SET status = 'OPEN'")]
    [InlineData("reader", "INSERT INTO commands SELECT * FROM commands")]
    [InlineData("reader", "DELETE FROM reconciliation_runs")]
    [InlineData("warmer", "SELECT * FROM wallets")]
    [InlineData("warmer", "SELECT * FROM commands")]
    [InlineData("warmer", "INSERT INTO users VALUES (1, 'x', now())")]
    public async Task A_role_cannot_do_what_is_not_its_work(string role, string statement)
    {
        var refused = await Assert.ThrowsAsync<PostgresException>(() => DoAsync(role, statement));

        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
    }

    [Theory]
    [InlineData("replicator", "SELECT count(*) FROM bets")]
    [InlineData("replicator", Topics.WatermarkQuery)]
    [InlineData("reader", "SELECT pg_logical_emit_message(false, 'fence', 'x')")]
    [InlineData("reader", "SELECT count(*) FROM ledger_entries")]
    [InlineData(
        "reader",
        "WITH run AS (INSERT INTO reconciliation_runs (trigger, started_at) VALUES ('x', now()) RETURNING run_id) "
            + "UPDATE reconciliation_runs SET outcome = 'equal'"
    )]
    [InlineData("warmer", "SELECT refresh_daily_settlement()")]
    [InlineData("warmer", "SELECT status, count(*) FROM bets GROUP BY 1")]
    public async Task A_role_can_do_its_work(string role, string statement)
    {
        await DoAsync(role, statement);
    }

    [Fact]
    public async Task Ingest_has_exactly_these_rights()
    {
        string[] verbs = ["INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"];
        var granted = new List<string>();
        await using var command = migrated.Database.Admin.CreateCommand(
            """
            SELECT t.relname, v.verb FROM pg_class t CROSS JOIN unnest($1) AS v (verb)
            WHERE t.relnamespace = 'public'::regnamespace AND t.relkind IN ('r', 'p', 'm', 'v') AND has_table_privilege('ingest', t.oid,
            v.verb)
            UNION ALL
            SELECT t.relname, 'UPDATE ' || string_agg(a.attname, ' ' ORDER BY a.attname)
            FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0
            WHERE t.relnamespace = 'public'::regnamespace AND t.relkind IN ('r', 'p', 'm', 'v')
              AND has_column_privilege('ingest', t.oid, a.attnum, 'UPDATE') AND NOT has_table_privilege('ingest', t.oid,
              'UPDATE') GROUP BY 1
            ORDER BY 1, 2
            """
        );
        command.Parameters.AddWithValue(verbs);
        await using var rows = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        while (await rows.ReadAsync(TestContext.Current.CancellationToken))
        {
            granted.Add($"{rows.GetString(0)} {rows.GetString(1)}");
        }

        Assert.Equal(
            [
                "bets INSERT",
                "bets UPDATE payout settled_at status",
                "command_conflicts INSERT",
                "commands INSERT",
                "commands UPDATE applied_at outcome reason",
                "dead_letters DELETE",
                "dead_letters INSERT",
                "events INSERT",
                "events UPDATE category name start_time status",
                "kafka_places INSERT",
                "kafka_places UPDATE",
                "ledger_entries INSERT",
                "parked_commands DELETE",
                "parked_commands INSERT",
                "parked_commands UPDATE",
                "releases DELETE",
                "releases INSERT",
                "users INSERT",
                "users UPDATE name",
                "wallets INSERT",
                "wallets UPDATE balance",
            ],
            granted.Order(StringComparer.Ordinal)
        );
    }

    async Task DoAsync(string role, string statement)
    {
        await using var connection = await migrated.Database.Admin.OpenConnectionAsync();
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { new($"SET ROLE {role}"), new(statement) } };
        await batch.ExecuteNonQueryAsync();
    }

    /// <summary>One database for all statements: those that are allowed disturb none of the others.</summary>
    public sealed class Migrated(Servers servers) : IAsyncLifetime
    {
        internal Database Database { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Database = await Store.Database.CreateAsync(servers);

        public ValueTask DisposeAsync() => Database.DisposeAsync();
    }
}
