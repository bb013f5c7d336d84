using System.Globalization;

namespace Betting.Local.Bench.Measure;

/// <summary>Processor seconds of processes since a moment; the children of each count with it, save the bench's own.</summary>
sealed class ProcessorTime
{
    // USER_HZ: what /proc counts in.
    const double TicksASecond = 100;

    readonly IReadOnlyDictionary<string, int> _processes;
    readonly Dictionary<string, double> _before;

    /// <param name="processes">Name and id.</param>
    public ProcessorTime(IReadOnlyDictionary<string, int> processes)
    {
        _processes = processes;
        _before = Seconds();
    }

    /// <summary>Seconds by name since this was made.</summary>
    public IReadOnlyDictionary<string, double> Since() => Seconds().ToDictionary(pair => pair.Key, pair => pair.Value - _before[pair.Key]);

    Dictionary<string, double> Seconds()
    {
        var all = Directory
            .EnumerateDirectories("/proc")
            .Where(folder => int.TryParse(Path.GetFileName(folder), out _))
            .Select(Read)
            .OfType<(int Id, int Parent, double Seconds)>()
            .ToArray();
        return _processes.ToDictionary(
            process => process.Key,
            process =>
                all.Where(other => other.Id == process.Value || (other.Parent == process.Value && process.Value != Environment.ProcessId))
                    .Sum(other => other.Seconds)
        );
    }

    // /proc/PID/stat after the name, which is in parentheses: state, parent, …, then user and system time as the 12th and 13th.
    static (int Id, int Parent, double Seconds)? Read(string folder)
    {
        try
        {
            var stat = File.ReadAllText(Path.Combine(folder, "stat"));
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            double Number(int at) => double.Parse(fields[at], CultureInfo.InvariantCulture);
            return (
                int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture),
                (int)Number(1),
                (Number(11) + Number(12)) / TicksASecond
            );
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException or IOException)
        {
            return null;
        }
    }
}
