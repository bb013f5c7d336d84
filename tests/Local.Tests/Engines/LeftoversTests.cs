using System.Diagnostics;
using Betting.Local.Engines;
using Xunit;

namespace Betting.Tests.Local.Engines;

public sealed class LeftoversTests
{
    [Fact]
    public async Task What_a_killed_starter_left_is_ended_and_nobody_else()
    {
        var folder = Directory.CreateTempSubdirectory("betting-tests-").FullName;
        var log = Path.Combine(folder, "sleeper.log");
        await using var left = EngineProcess.Start("sleeper", new Launch("sleep", ["600"]), log);
        using var stranger = Process.Start("sleep", "600");
        // The stranger's number with another start time: as if the system had given an old number away again.
        await File.AppendAllTextAsync(
            Path.Combine(folder, "processes"),
            $"{stranger.Id} 1 sleeper\n",
            TestContext.Current.CancellationToken
        );

        Assert.Contains(await File.ReadAllLinesAsync(Path.Combine(folder, "processes"), TestContext.Current.CancellationToken), line =>
            line.StartsWith($"{left.Id} ", StringComparison.Ordinal) && line.EndsWith(" sleeper", StringComparison.Ordinal)
        );
        var ended = await Leftovers.EndAsync(folder);

        Assert.Equal(1, ended);
        Assert.True(await left.ExitedWithinAsync(TimeSpan.FromSeconds(10)));
        Assert.False(stranger.HasExited);
        Assert.Equal(0, await Leftovers.EndAsync(folder));
        stranger.Kill();
        Directory.Delete(folder, recursive: true);
    }
}
