using Betting.Local.Engines;

namespace Betting.Local.Cluster;

/// <summary>A program that does one thing and ends, such as a migration.</summary>
static class Step
{
    /// <exception cref="EngineException">It ended with another code than 0, or not in time.</exception>
    public static async Task RunAsync(string name, Launch launch, string logs, TimeSpan limit)
    {
        await using var step = EngineProcess.Start(name, launch, Path.Combine(logs, name + ".log"));
        if (!await step.ExitedWithinAsync(limit))
        {
            throw new EngineException(step, $"did not end within {limit.TotalSeconds:F0} s");
        }
        if (step.ExitCode != 0)
        {
            throw new EngineException(step, $"failed with exit code {step.ExitCode}");
        }
    }
}
