using Betting.Local.Engines;
using Betting.Schema;
using ClickHouse.Driver;
using Xunit;

namespace Betting.Tests.CdcSink.ClickHouse;

/// <summary>The engine's data on a file system of 300 MB, which fills.</summary>
public sealed class FullDiskTests : IAsyncDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("cdcsink-").FullName;
    readonly ClickHouseServer _server;

    public FullDiskTests() => _server = new ClickHouseServer(_folder, FreePort.Take());

    string Data => Path.Combine(_folder, "clickhouse");

    // Only root may mount a file system, and not in every container: run it with -explicit only.
    [Fact(Explicit = true)]
    public async Task A_refresh_on_a_full_disk_costs_a_summary_which_migrate_creates_again_once_there_is_room()
    {
        Directory.CreateDirectory(Data);
        Assert.True(await RunAsync("mount", "-t", "tmpfs", "-o", "size=300m", "tmpfs", Data), "only root may mount a file system");
        await _server.StartAsync();
        var connection = _server.ConnectionString("full");
        await ClickHouseMigrator.MigrateAsync(connection);
        using var client = new ClickHouseClient(connection);
        var filler = Fill();
        // Without a row nothing is reserved, so the refresh succeeds.
        await client.ExecuteNonQueryAsync("SYSTEM REFRESH VIEW summary_by_day_refresh");
        await client.ExecuteNonQueryAsync("SYSTEM WAIT VIEW summary_by_day_refresh");
        Assert.Equal(["summary_by_day"], await LostAsync(client));

        var refused = await Assert.ThrowsAsync<SchemaException>(() => ClickHouseMigrator.MigrateAsync(connection));
        Assert.StartsWith(
            "ClickHouse's disk has 0 MiB free, and a migration needs 64. Nothing was changed",
            refused.Message,
            StringComparison.Ordinal
        );
        Assert.Equal(["summary_by_day"], await LostAsync(client));

        File.Delete(filler);
        Assert.Equal(["summary_by_day"], (await ClickHouseMigrator.MigrateAsync(connection)).CreatedAgain);
        await _server.StopAsync();
        await _server.StartAsync();
        Assert.Equal([], await LostAsync(client));
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await RunAsync("umount", Data);
        Directory.Delete(_folder, recursive: true);
    }

    string Fill()
    {
        var filler = Path.Combine(Data, "filler");
        using var file = new FileStream(filler, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        var block = new byte[4096];
        try
        {
            while (true)
            {
                file.Write(block);
            }
        }
        catch (IOException)
        {
            return filler;
        }
    }

    static async Task<IEnumerable<string>> LostAsync(ClickHouseClient client) =>
        (await SchemaCheck.FaultsAsync(client, SchemaObjects.OfOneServer, CancellationToken.None)).Select(fault => fault.Lost.Name);

    static async Task<bool> RunAsync(string program, params string[] arguments)
    {
        await using var step = EngineProcess.Start(
            program,
            new Launch(program, arguments),
            Path.Combine(Path.GetTempPath(), $"betting-{program}.log")
        );
        return await step.ExitedWithinAsync(TimeSpan.FromSeconds(10)) && step.ExitCode == 0;
    }
}
