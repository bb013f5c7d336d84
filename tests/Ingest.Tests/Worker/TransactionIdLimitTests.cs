using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Npgsql;

namespace Betting.Tests.Ingest.Worker;

/// <summary>
/// PostgreSQL gives out no transaction ids any more, because the slot of a connector that does not run keeps it from freezing old rows. It
/// answers every statement that writes with 54000, the code of a value that is too large.
/// </summary>
public sealed class TransactionIdLimitTests(Servers servers)
{
    const int Left = 100,
        Commands = 300;

    [Fact]
    public async Task Commands_wait_until_the_server_has_transaction_ids_again_and_none_is_put_aside()
    {
        var folder = Directory.CreateDirectory(Path.Combine(servers.Folder, "transaction-ids")).FullName;
        await using var postgres = new PostgresServer(folder, FreePort.Take(), new Dictionary<string, string> { ["autovacuum"] = "off" });
        await postgres.StartAsync();
        await using var stage = await Stage.SetAsync(servers, postgres);
        await TransactionIds.LeaveAsync(postgres, folder, stage.Postgres, Left);
        BetCommand[] rabbit = [.. Enumerable.Range(1, Commands).Select(user => Given.Register(user))];
        BetCommand[] kafka = [.. Enumerable.Range(Commands + 1, Commands).Select(user => Given.Register(user))];
        var worker = stage.Start("--Ingest:BatchSize=1");
        await worker.ReadyAsync();

        var lines = await worker.Outages.RunAsync(
            "PostgreSQL",
            "postgres",
            () => Task.WhenAll(stage.Rabbit.PublishAsync(Stage.Encoded(rabbit)), stage.Kafka.PublishAsync(Stage.Encoded(kafka))),
            async () =>
            {
                Assert.Contains("wraparound", await worker.BodyAsync("/health/ready"), StringComparison.Ordinal);
                // It has some more than were left: the first vacuum after the restart frees what the slot does not hold.
                Assert.InRange(await stage.CountAsync("SELECT count(*) FROM commands"), 1, (2 * Commands) - 1);
                await TransactionIds.FreeAsync(postgres);
            }
        );

        await stage.AppliedAsync([.. rabbit, .. kafka]);
        Assert.Single(lines.Away);
        Assert.Single(lines.Back);
        Assert.Equal("", string.Join('\n', lines.Besides));
        Assert.Equal("", string.Join('\n', lines.Traces));
        Assert.Equal(0, stage.Kafka.DeadLetterCount());
        Assert.Equal(0u, await stage.Rabbit.CountAsync(Rabbit.DeadLetters));
        Assert.Equal(0, await stage.CountAsync("SELECT count(*) FROM dead_letters"));
        Assert.Equal(2 * Commands, await stage.CountAsync("SELECT count(*) FROM commands WHERE outcome = 'accepted'"));
    }

    static class TransactionIds
    {
        const string Slot = "stopped_connector";

        /// <summary>Restarts the server with few transaction ids before the limit at which it gives out none.</summary>
        /// <remarks>Only here, with a cluster of no value: pg_resetwal makes the log and the slot unusable.</remarks>
        public static async Task LeaveAsync(PostgresServer server, string folder, NpgsqlDataSource database, int left)
        {
            await using var admin = NpgsqlDataSource.Create(server.ConnectionString());
            await DoAsync(admin, "ALTER DATABASE template0 ALLOW_CONNECTIONS true");
            await DoAsync(database, $"SELECT pg_create_logical_replication_slot('{Slot}', 'pgoutput')");
            var oldest = await OldestAsync(admin);
            await server.StopAsync();
            // PostgreSQL documentation, 25.1.5: 3,000,000 before half of all ids are in use since the oldest.
            var next = oldest + int.MaxValue - 3_000_000 - left;
            var data = Path.Combine(folder, "postgres");
            // pg_resetwal wants the file in which the next transaction's state is kept: 2 bits each, 256 KiB a file.
            var segment = Path.Combine(data, "pg_xact", $"{next / 1_048_576:X4}");
            await RunAsync("truncate", "--size=262144", segment);
            await RunAsync(Installed.Postgres("pg_resetwal"), "-x", $"{next}", "-D", data);
            await server.StartAsync();
            database.Clear();

            async Task RunAsync(string program, params string[] arguments)
            {
                await using var step = EngineProcess.Start(
                    Path.GetFileName(program),
                    new Launch(program, arguments).AsUserIfRoot("postgres"),
                    Path.Combine(folder, "logs", "steps.log")
                );
                Assert.True(
                    await step.ExitedWithinAsync(TimeSpan.FromSeconds(60)) && step.ExitCode == 0,
                    await File.ReadAllTextAsync(step.LogFile)
                );
            }
        }

        /// <summary>What an operator does.</summary>
        public static async Task FreeAsync(PostgresServer server)
        {
            await using var admin = NpgsqlDataSource.Create(server.ConnectionString());
            await DoAsync(admin, $"SELECT pg_drop_replication_slot('{Slot}')");
            var databases = new List<string>();
            await using (var names = admin.CreateCommand("SELECT datname FROM pg_database"))
            {
                await using var rows = await names.ExecuteReaderAsync();
                while (await rows.ReadAsync())
                {
                    databases.Add(rows.GetString(0));
                }
            }
            foreach (var name in databases)
            {
                await using var one = NpgsqlDataSource.Create(server.ConnectionString(name));
                await DoAsync(one, "VACUUM (FREEZE)");
            }
        }

        static async Task<long> OldestAsync(NpgsqlDataSource admin)
        {
            await using var oldest = admin.CreateCommand(
                "SELECT datfrozenxid::text::bigint FROM pg_database ORDER BY age(datfrozenxid) DESC LIMIT 1"
            );
            return (long)(await oldest.ExecuteScalarAsync())!;
        }

        static async Task DoAsync(NpgsqlDataSource source, string sql)
        {
            await using var command = source.CreateCommand(sql);
            await command.ExecuteNonQueryAsync();
        }
    }
}
