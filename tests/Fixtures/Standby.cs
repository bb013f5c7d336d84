using Betting.Local.Engines;

namespace Betting.Tests.Fixtures;

/// <summary>A streaming replica of a server.</summary>
public static class Standby
{
    /// <summary>Copies the primary with pg_basebackup and starts the copy as its standby.</summary>
    /// <param name="primary">A server that runs.</param>
    /// <param name="folder">An empty one for the copy.</param>
    public static async Task<PostgresServer> OfAsync(PostgresServer primary, string folder)
    {
        var data = Directory.CreateDirectory(Path.Combine(folder, "postgres")).FullName;
        if (Environment.UserName == "root")
        {
            await RunAsync(new Launch("chown", ["postgres", data]), folder);
        }
        string[] arguments =
        [
            "-D",
            data,
            "-h",
            "127.0.0.1",
            "-p",
            $"{primary.Port}",
            "-U",
            "postgres",
            "-R",
            "-X",
            "stream",
            "-c",
            "fast",
            "--no-sync",
        ];
        await RunAsync(new Launch(Installed.Postgres("pg_basebackup"), arguments).AsUserIfRoot("postgres"), folder);
        await RunAsync(new Launch("chmod", ["700", data]), folder);
        var standby = new PostgresServer(folder, FreePort.Take());
        await standby.StartAsync();
        return standby;
    }

    static async Task RunAsync(Launch launch, string folder)
    {
        await using var step = EngineProcess.Start(Path.GetFileName(launch.Program), launch, Path.Combine(folder, "logs", "standby.log"));
        if (!await step.ExitedWithinAsync(TimeSpan.FromSeconds(60)) || step.ExitCode != 0)
        {
            throw new EngineException(step, "failed");
        }
    }
}
