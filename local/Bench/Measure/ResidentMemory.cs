using System.Globalization;

namespace Betting.Local.Bench.Measure;

/// <summary>What a process holds in memory, as the kernel counts it.</summary>
static class ResidentMemory
{
    /// <returns>MB (10⁶ bytes): now, and at its highest.</returns>
    public static (double Now, double Highest) Of(int processId)
    {
        double Read(string field) =>
            File.ReadLines($"/proc/{processId}/status").FirstOrDefault(line => line.StartsWith(field, StringComparison.Ordinal)) is { } line
                ? double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) * 1024 / 1e6
                : 0;
        return (Read("VmRSS:"), Read("VmHWM:"));
    }
}
