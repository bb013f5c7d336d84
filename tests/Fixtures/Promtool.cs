using Betting.Local.Engines;

namespace Betting.Tests.Fixtures;

/// <summary>Prometheus' own tool: it reads alert rules and plays their cases.</summary>
public static class Promtool
{
    /// <summary>Runs it with these arguments.</summary>
    /// <exception cref="EngineException">It found something wrong, which the message has, or did not end within a minute.</exception>
    public static async Task RunAsync(params string[] arguments)
    {
        var folder = Directory.CreateTempSubdirectory("promtool-").FullName;
        await using (
            var promtool = EngineProcess.Start(
                "promtool",
                new Launch(Installed.Debian("promtool", "prometheus"), arguments),
                Path.Combine(folder, "promtool.log")
            )
        )
        {
            if (!await promtool.ExitedWithinAsync(TimeSpan.FromSeconds(60)))
            {
                throw new EngineException(promtool, "did not end within a minute");
            }
            if (promtool.ExitCode != 0)
            {
                throw new EngineException(promtool, $"ended with code {promtool.ExitCode}");
            }
        }
        Directory.Delete(folder, recursive: true);
    }
}
