using System.Text.Json.Nodes;
using Betting.Contracts;
using Betting.Local.Engines;
using Betting.Schema;
using Betting.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace Betting.Tests.CdcSink.Snapshots;

/// <summary>The connector's heartbeat.action.query on a real PostgreSQL.</summary>
public sealed class WatermarkQueryTests(Servers servers)
{
    const string Last = "SELECT id || ' ' || previous FROM watermark_chain";

    [Fact]
    public void The_connector_has_the_query_that_the_stand_in_has()
    {
        var settings = JsonNode.Parse(File.ReadAllText(Path.Combine(Installed.ProjectRoot, "compose", "debezium-connector.json")))!;
        Assert.Equal(Topics.WatermarkQuery, settings["heartbeat.action.query"]!.GetValue<string>());
        Assert.Equal(Topics.Publication, settings["publication.name"]!.GetValue<string>());
        Assert.Equal("public.users,public.events,public.bets", settings["table.include.list"]!.GetValue<string>());
    }

    [Fact]
    public async Task Each_watermark_follows_the_one_before_it_and_one_that_is_rolled_back_does_not_count()
    {
        await using var postgres = await CreateAsync();
        var first = await WriteAsync(postgres);
        var second = await WriteAsync(postgres);
        Assert.Equal(first[0], second[1]);
        await using (var connection = await postgres.OpenConnectionAsync())
        {
            await using var transaction = await connection.BeginTransactionAsync();
            await using var write = new NpgsqlCommand(Topics.WatermarkQuery, connection, transaction);
            await write.ExecuteNonQueryAsync();
            await transaction.RollbackAsync();
        }
        Assert.Equal(second[0], (await WriteAsync(postgres))[1]);
    }

    [Fact]
    public async Task Connectors_that_write_at_once_make_one_chain_and_none_waits_for_a_row_that_is_locked()
    {
        await using var postgres = await CreateAsync();
        await using (var slot = postgres.CreateCommand($"SELECT pg_create_logical_replication_slot('{Slot}', 'test_decoding')"))
        {
            await slot.ExecuteNonQueryAsync();
        }
        await Task.WhenAll(
            Enumerable
                .Range(0, 4)
                .Select(async _ =>
                {
                    for (var written = 0; written < 25; written += await TryWriteAsync(postgres) ? 1 : 0) { }
                })
        );
        await using (var connection = await postgres.OpenConnectionAsync())
        {
            await using var transaction = await connection.BeginTransactionAsync();
            await using var take = new NpgsqlCommand("SELECT * FROM watermark_chain FOR UPDATE", connection, transaction);
            await take.ExecuteNonQueryAsync();
            Assert.False(await TryWriteAsync(postgres), "a watermark was written while its row was locked");
        }

        await using var read = postgres.CreateCommand(
            $"SELECT substring(data FROM 'content:(.*)') FROM pg_logical_slot_get_changes('{Slot}', NULL, NULL) WHERE data LIKE 'message:%'"
        );
        var written = new List<JsonNode>();
        await using (var rows = await read.ExecuteReaderAsync())
        {
            while (await rows.ReadAsync())
            {
                written.Add(JsonNode.Parse(rows.GetString(0))!);
            }
        }
        await using var drop = postgres.CreateCommand($"SELECT pg_drop_replication_slot('{Slot}')");
        await drop.ExecuteNonQueryAsync();
        Assert.Equal(100, written.Count);
        Assert.All(written.Zip(written.Skip(1)), pair =>
            Assert.Equal(pair.First["id"]!.GetValue<Guid>(), pair.Second["previous"]!.GetValue<Guid>())
        );
        Assert.All(written, each => Assert.Equal(1, each["timeline"]!.GetValue<int>()));
    }

    [Theory]
    [InlineData(true, "SELECT 1")]
    [InlineData(true, "VACUUM FULL pg_publication", "VACUUM FULL pg_publication_rel", "VACUUM FREEZE pg_publication")]
    [InlineData(
        true,
        "VACUUM FULL pg_class",
        "VACUUM FULL pg_attribute",
        "VACUUM FULL pg_type",
        "VACUUM FREEZE pg_attribute",
        "VACUUM FREEZE pg_type"
    )]
    [InlineData(
        true,
        "ANALYZE users",
        "VACUUM (FREEZE, ANALYZE) bets",
        "VACUUM FULL events",
        "CLUSTER users USING users_pkey",
        "REINDEX TABLE bets"
    )]
    [InlineData(
        true,
        "CREATE INDEX by_name ON users (name)",
        "DROP INDEX by_name",
        "ALTER TABLE users SET (fillfactor = 90)",
        "CREATE STATISTICS of_users ON id, name FROM users",
        "TRUNCATE bets"
    )]
    [InlineData(
        true,
        "GRANT SELECT ON users TO ingest, warmer",
        "GRANT UPDATE ON bets TO ingest",
        "CREATE TABLE other (id int PRIMARY KEY)",
        "COMMENT ON TABLE users IS 'people'"
    )]
    [InlineData(
        true,
        "CREATE TRIGGER nothing BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "ALTER TABLE users DISABLE TRIGGER nothing"
    )]
    [InlineData(false, "ALTER TABLE events ALTER COLUMN category TYPE text USING 'tennis'")]
    [InlineData(false, "ALTER TABLE users ALTER COLUMN name TYPE varchar(400)")]
    [InlineData(false, "ALTER TABLE bets ADD COLUMN note text DEFAULT 'none'")]
    [InlineData(
        false,
        "ALTER TABLE events ADD COLUMN other text DEFAULT 'tennis', DROP COLUMN category",
        "ALTER TABLE events RENAME COLUMN other TO category"
    )]
    [InlineData(
        false,
        "BEGIN; ALTER TABLE events RENAME COLUMN name TO title; UPDATE events SET title = 'x'; ALTER TABLE events "
            + "RENAME COLUMN title TO name; COMMIT"
    )]
    [InlineData(
        false,
        "BEGIN; ALTER TABLE events RENAME TO events_x; UPDATE events_x SET status = 'FINISHED'; ALTER TABLE events_x "
            + "RENAME TO events; COMMIT"
    )]
    [InlineData(false, "CREATE SCHEMA other", "ALTER TABLE events SET SCHEMA other", "ALTER TABLE other.events SET SCHEMA public")]
    [InlineData(false, "ALTER TABLE users REPLICA IDENTITY FULL")]
    [InlineData(false, "CREATE UNIQUE INDEX by_name ON users (name, created_at)", "ALTER TABLE users REPLICA IDENTITY USING INDEX by_name")]
    [InlineData(false, "CREATE TABLE more () INHERITS (bets)")]
    [InlineData(false, "ALTER PUBLICATION debezium_publication DROP TABLE bets", "ALTER PUBLICATION debezium_publication ADD TABLE bets")]
    [InlineData(false, "ALTER PUBLICATION debezium_publication DROP TABLE bets")]
    [InlineData(false, "DROP PUBLICATION debezium_publication", "CREATE PUBLICATION debezium_publication FOR TABLE users, events, bets")]
    [InlineData(false, "DROP PUBLICATION debezium_publication", "CREATE PUBLICATION debezium_publication FOR ALL TABLES")]
    [InlineData(false, "DROP PUBLICATION debezium_publication")]
    [InlineData(
        false,
        "ALTER PUBLICATION debezium_publication SET (publish = 'insert')",
        "ALTER PUBLICATION debezium_publication SET (publish = 'insert, update, delete, truncate')"
    )]
    [InlineData(false, "ALTER PUBLICATION debezium_publication SET TABLE users, events, bets WHERE (id > 10)")]
    [InlineData(false, "ALTER PUBLICATION debezium_publication SET TABLE users, events, bets (id, user_id)")]
    [InlineData(
        false,
        "ALTER TABLE bets RENAME TO bets_before",
        "CREATE TABLE bets (LIKE bets_before INCLUDING ALL)",
        "ALTER PUBLICATION debezium_publication ADD TABLE bets"
    )]
    [InlineData(false, "ALTER TABLE bets RENAME TO bets_before", "CREATE TABLE bets (LIKE bets_before INCLUDING ALL)")]
    public async Task A_watermark_has_another_hash_when_the_publication_or_a_table_of_it_was_changed_since_the_last_one(
        bool isSame,
        params string[] statements
    )
    {
        await using var postgres = await CreateAsync();
        await ExecuteAsync(postgres, $"SELECT pg_create_logical_replication_slot('{Slot}_hash', 'test_decoding')");
        await WriteAsync(postgres);
        await WriteAsync(postgres);
        foreach (var statement in statements)
        {
            await ExecuteAsync(postgres, statement);
        }
        await WriteAsync(postgres);

        var hashes = new List<Guid>();
        await using (
            var read = postgres.CreateCommand(
                $"SELECT (substring(data FROM 'content:(.*)')::json ->> 'publication')::uuid "
                    + $"FROM pg_logical_slot_get_changes('{Slot}_hash', NULL, NULL) WHERE data LIKE 'message:%'"
            )
        )
        await using (var rows = await read.ExecuteReaderAsync())
        {
            while (await rows.ReadAsync())
            {
                hashes.Add(rows.GetGuid(0));
            }
        }
        await ExecuteAsync(postgres, $"SELECT pg_drop_replication_slot('{Slot}_hash')");
        Assert.Equal(3, hashes.Count);
        Assert.DoesNotContain(Guid.Empty, hashes);
        Assert.Equal(hashes[0], hashes[1]);
        Assert.Equal(isSame, hashes[1] == hashes[2]);
    }

    [Theory]
    [InlineData(true, "SELECT 1")]
    [InlineData(true, "ALTER TABLE bets ADD COLUMN note text", "VACUUM FULL pg_publication_rel")]
    [InlineData(
        true,
        "CREATE TABLE other (id int PRIMARY KEY)",
        "ALTER PUBLICATION debezium_publication ADD TABLE other (id) WHERE (id > 1)"
    )]
    [InlineData(
        true,
        "ALTER PUBLICATION debezium_publication DROP TABLE events",
        "ALTER PUBLICATION debezium_publication ADD TABLE events"
    )]
    [InlineData(true, "DROP PUBLICATION debezium_publication", "CREATE PUBLICATION debezium_publication FOR ALL TABLES")]
    [InlineData(true, "DROP PUBLICATION debezium_publication", "CREATE PUBLICATION debezium_publication FOR TABLES IN SCHEMA public")]
    [InlineData(true, "ALTER PUBLICATION debezium_publication SET TABLES IN SCHEMA public")]
    [InlineData(true, "ALTER PUBLICATION debezium_publication SET TABLE users, bets, TABLES IN SCHEMA public")]
    [InlineData(true, "ALTER PUBLICATION debezium_publication SET TABLE users WHERE (id > 10), TABLES IN SCHEMA public")]
    [InlineData(true, "CREATE TABLE more () INHERITS (bets)", "DROP TABLE more")]
    [InlineData(false, "ALTER PUBLICATION debezium_publication DROP TABLE events")]
    [InlineData(false, "DROP PUBLICATION debezium_publication")]
    [InlineData(false, "CREATE SCHEMA other", "ALTER PUBLICATION debezium_publication SET TABLES IN SCHEMA other")]
    [InlineData(
        false,
        "CREATE SCHEMA other",
        "ALTER PUBLICATION debezium_publication SET TABLES IN SCHEMA public",
        "ALTER TABLE events SET SCHEMA other"
    )]
    [InlineData(
        false,
        "ALTER PUBLICATION debezium_publication SET TABLES IN SCHEMA public",
        "ALTER PUBLICATION debezium_publication DROP TABLES IN SCHEMA public"
    )]
    [InlineData(false, "ALTER PUBLICATION debezium_publication SET (publish = 'insert')")]
    [InlineData(false, "ALTER PUBLICATION debezium_publication SET (publish = 'insert, update, delete')")]
    [InlineData(false, "ALTER PUBLICATION debezium_publication SET (publish = 'insert, update, truncate')")]
    [InlineData(false, "ALTER PUBLICATION debezium_publication SET (publish = 'insert, delete, truncate')")]
    [InlineData(false, "ALTER PUBLICATION debezium_publication SET (publish = 'update, delete, truncate')")]
    [InlineData(false, "ALTER PUBLICATION debezium_publication SET TABLE users, events, bets WHERE (id > 10)")]
    [InlineData(false, "ALTER PUBLICATION debezium_publication SET TABLE users, events, bets (id, user_id)")]
    [InlineData(false, "CREATE TABLE more () INHERITS (bets)")]
    [InlineData(false, "ALTER TABLE bets RENAME TO bets_before", "CREATE TABLE bets (LIKE bets_before INCLUDING ALL)")]
    [InlineData(
        false,
        "DROP PUBLICATION debezium_publication",
        "CREATE PUBLICATION debezium_publication FOR ALL TABLES",
        "ALTER TABLE bets SET UNLOGGED"
    )]
    public async Task A_watermark_says_whether_the_three_tables_are_published_whole(bool isWhole, params string[] statements)
    {
        await using var postgres = await CreateAsync();
        await ExecuteAsync(postgres, $"SELECT pg_create_logical_replication_slot('{Slot}_whole', 'test_decoding')");
        await WriteAsync(postgres);
        foreach (var statement in statements)
        {
            await ExecuteAsync(postgres, statement);
        }
        await WriteAsync(postgres);

        var said = new List<(bool IsWhole, string Hash)>();
        await using (
            var read = postgres.CreateCommand(
                $"""
                SELECT (content ->> 'whole')::bool, content ->> 'publication'
                FROM (SELECT substring(data FROM 'content:(.*)')::json AS content FROM pg_logical_slot_get_changes('{Slot}_whole', NULL,
                NULL) WHERE data LIKE 'message:%') AS message
                """
            )
        )
        await using (var rows = await read.ExecuteReaderAsync())
        {
            while (await rows.ReadAsync())
            {
                said.Add((rows.GetBoolean(0), rows.GetString(1)));
            }
        }
        await ExecuteAsync(postgres, $"SELECT pg_drop_replication_slot('{Slot}_whole')");
        Assert.Equal([true, isWhole], said.Select(each => each.IsWhole));
        Assert.True(isWhole || said[0].Hash != said[1].Hash, "the hash does not say that the publication is not whole any more");
    }

    [Fact]
    public async Task The_connectors_role_may_run_the_query()
    {
        await using var postgres = await CreateAsync();
        await using var connection = await postgres.OpenConnectionAsync();
        await using var write = new NpgsqlCommand("SET ROLE replicator; " + Topics.WatermarkQuery, connection);
        await write.ExecuteNonQueryAsync();
    }

    [Fact]
    public async Task A_watermark_does_not_wait_for_tables_that_somebody_has_locked()
    {
        await using var postgres = await CreateAsync();
        await using var connection = await postgres.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var take = new NpgsqlCommand(
            "LOCK TABLE users, events, bets IN ACCESS EXCLUSIVE MODE; ALTER PUBLICATION debezium_publication SET (publish = 'insert')",
            connection,
            transaction
        );
        await take.ExecuteNonQueryAsync();
        Assert.True(await TryWriteAsync(postgres), "no watermark was written");
    }

    static async Task ExecuteAsync(NpgsqlDataSource postgres, string sql)
    {
        await using var command = postgres.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    static string Slot => $"watermark_query_{Environment.ProcessId}";

    async Task<NpgsqlDataSource> CreateAsync()
    {
        var database = await TestDatabase.CreateAsync(await servers.PostgresAsync());
        await PostgresMigrator.MigrateAsync(database, new Dictionary<string, string>(), NullLogger.Instance, CancellationToken.None);
        return NpgsqlDataSource.Create(database);
    }

    /// <returns>The row after a heartbeat: its own id and the one before it.</returns>
    static async Task<string[]> WriteAsync(NpgsqlDataSource postgres)
    {
        Assert.True(await TryWriteAsync(postgres), "no watermark was written");
        await using var read = postgres.CreateCommand(Last);
        return ((string)(await read.ExecuteScalarAsync())!).Split(' ');
    }

    /// <returns>False where another session had locked the row, and no watermark was written.</returns>
    static async Task<bool> TryWriteAsync(NpgsqlDataSource postgres)
    {
        await using var write = postgres.CreateCommand(Topics.WatermarkQuery);
        write.CommandTimeout = 10;
        return await write.ExecuteScalarAsync() is not null;
    }
}
