namespace Betting.Local.Cluster;

/// <summary>Resident memory of a process.</summary>
/// <param name="Name">Which one.</param>
/// <param name="MiB">Now.</param>
/// <param name="PeakMiB">At its highest.</param>
public sealed record Memory(string Name, double MiB, double PeakMiB)
{
    /// <summary>Of every process of the cluster; PostgreSQL and Redis count their first process alone.</summary>
    public static IReadOnlyList<Memory> Of(Cluster cluster) =>
        cluster.Members().Select(member => Of(member.Name, member.ProcessId)).ToList();

    static Memory Of(string name, int processId)
    {
        var status = File.Exists($"/proc/{processId}/status") ? File.ReadAllLines($"/proc/{processId}/status") : [];
        double Read(string field) =>
            status.FirstOrDefault(line => line.StartsWith(field, StringComparison.Ordinal)) is { } line
                ? double.Parse(
                    line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2],
                    System.Globalization.CultureInfo.InvariantCulture
                ) / 1024
                : 0;
        return new Memory(name, Read("VmRSS:"), Read("VmHWM:"));
    }
}
