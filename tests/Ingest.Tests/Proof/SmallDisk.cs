using Betting.Local.Engines;
using Npgsql;

namespace Betting.Tests.Ingest.Proof;

/// <summary>The journal on a file system of 16 MB, which fills; more room is the cure. Only root may mount one.</summary>
static class SmallDisk
{
    public static async Task<Outage?> TryUnderAsync(NpgsqlDataSource admin, string folder)
    {
        if (
            Environment.UserName != "root"
            || !await RunAsync("mount", "-t", "tmpfs", "-o", "size=16m,mode=777", "tmpfs", Directory.CreateDirectory(folder).FullName)
        )
        {
            return null;
        }
        var space = Directory.CreateDirectory(Path.Combine(folder, "space")).FullName;
        await RunAsync("chown", "postgres", space);
        return new Outage(
            "53100",
            () =>
                DoAsync(
                    admin,
                    $"CREATE TABLESPACE small LOCATION '{space}'",
                    "ALTER TABLE commands SET TABLESPACE small",
                    // What is left of the room; what fails is taken back, but not the room.
                    "CREATE TABLE filler (text text) WITH (autovacuum_enabled = off) TABLESPACE small",
                    "DO $$ BEGIN LOOP INSERT INTO filler SELECT 'x' FROM generate_series(1, 20000); END LOOP; EXCEPTION WHEN disk_full "
                        + "THEN NULL; END $$",
                    "DO $$ BEGIN LOOP INSERT INTO filler SELECT 'x' FROM generate_series(1, 200); END LOOP; EXCEPTION WHEN disk_full THEN "
                        + "NULL; END $$"
                ),
            () => RunAsync("mount", "-o", "remount,size=64m", folder)
        );
    }

    /// <summary>Takes the journal from there, and the file system away.</summary>
    public static async Task RemoveAsync(NpgsqlDataSource admin, string folder)
    {
        await DoAsync(
            admin,
            "DROP TABLE IF EXISTS filler",
            "ALTER TABLE commands SET TABLESPACE pg_default",
            "DROP TABLESPACE IF EXISTS small"
        );
        await RunAsync("umount", folder);
    }

    static async Task DoAsync(NpgsqlDataSource admin, params string[] statements)
    {
        foreach (var statement in statements)
        {
            await using var command = admin.CreateCommand(statement);
            await command.ExecuteNonQueryAsync();
        }
    }

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
