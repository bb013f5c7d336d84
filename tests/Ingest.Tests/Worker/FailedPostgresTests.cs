using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Npgsql;

namespace Betting.Tests.Ingest.Worker;

/// <summary>What verbs and the worker say where PostgreSQL refuses or ends something: lines that name it, and no stack trace.</summary>
public sealed class FailedPostgresTests(Servers servers)
{
    [Theory]
    [InlineData("list")]
    [InlineData("show", "absent")]
    [InlineData("replay", "--all")]
    [InlineData("drop", "--all")]
    public async Task A_verb_of_dead_letters_names_a_PostgreSQL_that_is_away_or_refuses_and_ends_with_2(params string[] verb)
    {
        await using var stage = await Stage.SetAsync(servers);
        var notLetIn = new NpgsqlConnectionStringBuilder(stage.Settings[0].Split('=', 2)[1]) { Username = "absent" };

        foreach (
            var (connection, said) in new[]
            {
                ("Host=127.0.0.1;Port=1;Username=x;Database=x", "at 127.0.0.1:1: connection refused"),
                (notLetIn.ConnectionString, "it refuses access (28000)"),
            }
        )
        {
            var (code, output) = await IngestProcess.RunAsync(
                stage.Folder,
                ["dead-letters", .. verb, stage.Settings[1], .. stage.Kafka.Settings, $"--Postgres:ConnectionString={connection}"]
            );

            Assert.True(code == 2, output);
            Assert.Contains("could not ask PostgreSQL", output, StringComparison.Ordinal);
            Assert.Contains(said, output, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
            Assert.Equal(verb[0] is "replay" or "drop", output.Contains("kafka: PostgreSQL at ", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Migrate_as_a_role_without_the_right_says_so_in_few_lines()
    {
        var server = await servers.PostgresAsync();
        await using var migrated = await Store.Database.CreateAsync(server);
        var (current, fresh) = (migrated.ConnectionString, await TestDatabase.CreateAsync(server));

        foreach (var database in new[] { current, fresh })
        {
            var asIngest = new NpgsqlConnectionStringBuilder(database) { Username = "ingest" }.ConnectionString;
            var (code, output) = await IngestProcess.RunAsync(
                servers.Folder,
                "migrate",
                "--role-password",
                "ingest=x",
                $"--Postgres:ConnectionString={asIngest}"
            );

            Assert.True(code is 1 or 2, output);
            Assert.Contains("permission denied", output, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
            Assert.InRange(output.Trim().Split('\n').Length, 1, 3);
        }
    }

    [Fact]
    public async Task Batches_behind_one_that_waits_longer_than_a_session_may_be_idle_are_applied_and_leave_no_stack_trace()
    {
        await using var stage = await Stage.SetAsync(servers);
        // Longer than idle_in_transaction_session_timeout, which ends the session of the batch behind.
        var worker = stage.Start("--Ingest:Doors=rabbitmq", "--Ingest:BatchSize=2", $"{stage.Settings[0]};Command Timeout=60");
        BetCommand[] users = [Given.Register(1), Given.Register(2)];
        await stage.Rabbit.PublishAsync(Stage.Encoded(users));
        await stage.AppliedAsync(users);
        await using var held = await HeldWallet.HoldAsync(stage.Postgres, 1);
        BetCommand[] commands = [Given.Deposit(10_00, 1), .. Enumerable.Range(0, 9).Select(_ => Given.Deposit(10_00, 2))];
        await stage.Rabbit.PublishAsync(Stage.Encoded(commands));
        await held.IsWaitedForAsync();
        await Deadline.UntilAsync("a session that waits in its transaction", TimeSpan.FromSeconds(30), async () =>
            await IdleAsync(stage) > 0
        );

        await Deadline.UntilAsync("its end", TimeSpan.FromSeconds(60), async () => await IdleAsync(stage) == 0);
        await held.DisposeAsync();

        await stage.AppliedAsync(commands);
        Assert.True(await worker.MetricAsync("ingest_retries_total", "sqlstate=\"25P03\"", "class=\"contention\"") > 0);
        Assert.Equal(0, await worker.StopAsync());
        Assert.DoesNotContain("\n   at ", worker.Log, StringComparison.Ordinal);
        Assert.DoesNotContain(" ERR ", worker.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("does not serve this worker", worker.Log, StringComparison.Ordinal);
    }

    static Task<long> IdleAsync(Stage stage) =>
        stage.CountAsync(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'ingest' AND state = 'idle in "
                + "transaction'"
        );
}
