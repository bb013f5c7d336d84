using Betting.Local.Engines;
using Betting.Tests.Fixtures;

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
}
