using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;

namespace Betting.Tests.Ingest.Worker;

/// <summary>
/// Settings of PostgreSQL under which an acknowledged command could be lost: told once, and the worker is not ready until they are right.
/// </summary>
public sealed class ServerSettingTests(Servers servers)
{
    [Fact]
    public async Task Commits_that_do_not_wait_for_the_disk()
    {
        var folder = Directory.CreateDirectory(Path.Combine(servers.Folder, "settings")).FullName;
        await using var postgres = new PostgresServer(folder, FreePort.Take());
        await postgres.StartAsync();
        await using var stage = await Stage.SetAsync(servers, postgres);
        await stage.ExecuteAsync("ALTER ROLE ingest SET synchronous_commit = off");
        var worker = stage.Start();
        await Deadline.UntilAsync("unreadiness that names the setting", TimeSpan.FromSeconds(60), async () =>
            await worker.Outages.IsReadyAsync() is (false, var why)
            && why.Contains("\"postgres-settings\":\"synchronous_commit is off for this role", StringComparison.Ordinal)
        );
        await stage.ExecuteAsync("ALTER ROLE ingest RESET synchronous_commit");
        await worker.ReadyAsync();
        Assert.Single(worker.Log.Split('\n'), line =>
            line.Contains("A setting of PostgreSQL breaks a promise of this worker: synchronous_commit is off", StringComparison.Ordinal)
        );
        Assert.Single(worker.Log.Split('\n'), line =>
            line.Contains("The settings of PostgreSQL keep the promises of this worker again", StringComparison.Ordinal)
        );
    }

    /// <summary>What a policy hides would be taken for absent, and what PostgreSQL empties after a crash would be applied twice.</summary>
    [Fact]
    public async Task A_table_that_hides_its_rows_decides_nothing_and_one_that_is_not_durable_is_named()
    {
        await using var stage = await Stage.SetAsync(servers);
        var worker = stage.Start("--Ingest:Doors=rabbitmq");
        await worker.ReadyAsync();
        await stage.Rabbit.PublishAsync(Stage.Encoded([Given.Register(1)]));
        await Deadline.UntilAsync("the user", TimeSpan.FromSeconds(30), async () =>
            await stage.CountAsync("SELECT count(*) FROM wallets") == 1
        );
        await stage.ExecuteAsync("ALTER TABLE wallets ENABLE ROW LEVEL SECURITY; ALTER TABLE commands SET UNLOGGED");
        var deposit = Given.Deposit(100, 1);
        await stage.Rabbit.PublishAsync(Stage.Encoded([deposit]));
        await Deadline.UntilAsync("unreadiness that names both", TimeSpan.FromSeconds(90), async () =>
            await worker.Outages.IsReadyAsync() is (false, var why)
            && why.Contains("commands is UNLOGGED", StringComparison.Ordinal)
            && why.Contains("row-level security of wallets applies to this role", StringComparison.Ordinal)
        );
        Assert.Equal(0, await stage.CountAsync($"SELECT count(*) FROM commands WHERE command_id = '{deposit.Id}'"));

        await stage.ExecuteAsync("ALTER TABLE wallets DISABLE ROW LEVEL SECURITY; ALTER TABLE commands SET LOGGED");
        await stage.AppliedAsync([deposit]);
        Assert.Equal(100, await stage.CountAsync("SELECT (balance * 100)::bigint FROM wallets"));
        await worker.ReadyAsync();
    }
}
