using Betting.Connections;
using Betting.Local.Engines;
using Betting.Schema;
using Betting.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Betting.Tests.Ingest.Schema;

public sealed class MigrationTests(Servers servers)
{
    static readonly Dictionary<string, string> NoPasswords = [];

    [Fact]
    public async Task A_second_migration_finds_nothing_to_do()
    {
        var database = await TestDatabase.CreateAsync(await servers.PostgresAsync());

        Assert.True(await Migrate(database, NoPasswords) > 0);
        Assert.Equal(0, await Migrate(database, NoPasswords));
    }

    /// <summary>A database that was copied has the journal of scripts, and no settings of roles.</summary>
    [Fact]
    public async Task Each_migration_keeps_the_connector_from_reading_a_part_of_a_table()
    {
        var database = await TestDatabase.CreateAsync(await servers.PostgresAsync());
        await Migrate(database, NoPasswords);
        await using var postgres = NpgsqlDataSource.Create(database);
        await using var connection = await postgres.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await ExecuteAsync(
            connection,
            "DO $$ BEGIN EXECUTE format('ALTER ROLE replicator IN DATABASE %I RESET ALL', current_database()); END $$"
        );

        Assert.Equal(0, await Migrate(database, NoPasswords));

        await using var settings = new NpgsqlCommand(
            """
            SELECT array_to_string(setconfig, ',') FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase
            WHERE d.datname = current_database() AND setrole = 'replicator'::regrole
            """,
            connection
        );
        Assert.Equal("row_security=off", await settings.ExecuteScalarAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_script_may_take_longer_than_a_statement_of_the_worker()
    {
        var database = await TestDatabase.CreateAsync(await servers.PostgresAsync());
        await using (var postgres = NpgsqlDataSource.Create(database))
        await using (
            var dawdle = postgres.CreateCommand(
                """
                CREATE FUNCTION dawdle() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN IF tg_tag = 'CREATE INDEX' THEN PERFORM pg_sleep(1.5); END IF; END $$;
                CREATE EVENT TRIGGER dawdle ON ddl_command_end EXECUTE FUNCTION dawdle()
                """
            )
        )
        {
            await dawdle.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        Assert.True(await Migrate(new NpgsqlConnectionStringBuilder(database) { CommandTimeout = 1 }.ConnectionString, NoPasswords) > 0);
    }

    [Fact]
    public async Task A_script_whose_table_is_in_use_lets_others_pass_and_is_applied_when_the_table_is_free()
    {
        var database = await TestDatabase.CreateAsync(await servers.PostgresAsync());
        await Migrate(database, NoPasswords);
        await using var postgres = NpgsqlDataSource.Create(database);
        await using var holder = await postgres.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var reading = await holder.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await ExecuteAsync(
            holder,
            """
            DELETE FROM schemaversions WHERE scriptname LIKE '%0018_log_messages.sql';
            COMMIT;
            BEGIN;
            LOCK TABLE schemaversions IN SHARE MODE
            """
        );

        var migrating = Task.Run(() => Migrate(database, NoPasswords), TestContext.Current.CancellationToken);
        await Deadline.UntilAsync("a script that waits", TimeSpan.FromSeconds(30), async () => await WaitingAsync(postgres) == 1);
        // Not while the script still waits in front of it.
        await Deadline.UntilAsync("a script that waits no longer", TimeSpan.FromSeconds(30), async () => await WaitingAsync(postgres) == 0);
        Assert.False(migrating.IsCompleted);
        await ExecuteAsync(holder, "COMMIT");

        Assert.Equal(1, await migrating);
    }

    [Fact]
    public async Task A_session_that_locks_gives_up_its_locks_and_is_not_ended_between_transactions_whatever_its_role_has()
    {
        var database = await TestDatabase.CreateAsync(await servers.PostgresAsync());
        var connection = new NpgsqlConnectionStringBuilder(database);
        PostgresSessions.GiveUpLocks(connection);
        await using var postgres = NpgsqlDataSource.Create(connection);
        await using (
            var settings = postgres.CreateCommand(
                $"ALTER DATABASE {connection.Database} SET idle_session_timeout = '1s'; ALTER DATABASE {connection.Database} SET "
                    + $"idle_in_transaction_session_timeout = 0"
            )
        )
        {
            await settings.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        postgres.Clear();
        await using var shown = postgres.CreateCommand(
            """
            SELECT current_setting('idle_in_transaction_session_timeout') || ' ' || current_setting('idle_session_timeout')
                || ' ' || current_setting('tcp_keepalives_idle')
                || ' ' || current_setting('tcp_keepalives_interval') || ' ' || current_setting('tcp_keepalives_count')
            """
        );

        Assert.Equal("10s 0 30 10 3", await shown.ExecuteScalarAsync(TestContext.Current.CancellationToken));
    }

    static async Task<long> WaitingAsync(NpgsqlDataSource postgres)
    {
        await using var command = postgres.CreateCommand(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'schemaversions'::regclass"
        );
        return (long)(await command.ExecuteScalarAsync())!;
    }

    static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    [Fact]
    public async Task Migrations_started_at_the_same_moment_apply_each_script_once()
    {
        var database = await TestDatabase.CreateAsync(await servers.PostgresAsync());

        var applied = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Migrate(database, NoPasswords))));

        Assert.Equal(3, applied.Count(scripts => scripts == 0));
    }

    [Fact]
    public async Task Databases_of_one_cluster_migrated_at_the_same_moment_share_their_roles_in_peace()
    {
        var server = await servers.PostgresAsync();
        var databases = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => TestDatabase.CreateAsync(server)));
        Dictionary<string, string> passwords = new() { ["reader"] = "secret", ["ingest"] = "secret" };

        await Task.WhenAll(databases.Select(database => Task.Run(() => Migrate(database, passwords))));
    }

    [Fact]
    public async Task A_role_logs_in_with_the_password_that_the_migration_was_given()
    {
        var server = await servers.PostgresAsync();
        var database = await TestDatabase.CreateAsync(server);
        const string password = "it's $ecret — пароль";
        await Migrate(database, new() { ["warmer"] = password });

        await DemandPasswordAsync(database, "warmer");

        await LoginAsync(database, password);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => LoginAsync(database, "guess"));
        Assert.Equal(PostgresErrorCodes.InvalidPassword, refused.SqlState);
    }

    [Fact]
    public async Task An_empty_password_is_refused_before_anything_is_done()
    {
        var database = await TestDatabase.CreateAsync(await servers.PostgresAsync());

        var empty = await Assert.ThrowsAsync<SchemaException>(() => Migrate(database, new() { ["ingest"] = "" }));

        Assert.Contains("the password of ingest is empty", empty.Message, StringComparison.Ordinal);
        await using var source = NpgsqlDataSource.Create(database);
        await using var tables = source.CreateCommand("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'");
        Assert.Equal(0L, await tables.ExecuteScalarAsync(TestContext.Current.CancellationToken));
    }

    // The test server trusts everybody; for this database and role it shall ask.
    static async Task DemandPasswordAsync(string database, string role)
    {
        await using var admin = NpgsqlDataSource.Create(database);
        await using var where = admin.CreateCommand("SHOW hba_file");
        var file = (string)(await where.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
        var name = new NpgsqlConnectionStringBuilder(database).Database;
        var rules = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(file, $"host {name} {role} all scram-sha-256\n{rules}", TestContext.Current.CancellationToken);
        await using var reload = admin.CreateCommand("SELECT pg_reload_conf()");
        await reload.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        // The postmaster reads its rules again when it gets to it.
        await Deadline.UntilAsync("the new rule", TimeSpan.FromSeconds(10), async () =>
        {
            try
            {
                await LoginAsync(database, "none");
                return false;
            }
            catch (PostgresException refused) when (refused.SqlState == PostgresErrorCodes.InvalidPassword)
            {
                return true;
            }
        });
    }

    static async Task LoginAsync(string database, string password)
    {
        var login = new NpgsqlConnectionStringBuilder(database)
        {
            Username = "warmer",
            Password = password,
            Pooling = false,
        };
        await using var connection = new NpgsqlConnection(login.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
    }

    static Task<int> Migrate(string database, Dictionary<string, string> passwords) =>
        PostgresMigrator.MigrateAsync(database, passwords, NullLogger.Instance, TestContext.Current.CancellationToken);
}
