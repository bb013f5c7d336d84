using System.Globalization;

namespace Betting.Local.Engines;

/// <summary>
/// What was started for a folder and not stopped because its starter was killed. Each start is noted beside the logs, a line each:
/// process id, start time, name. The start time tells a process of ours from another one to which the system gave its number later.
/// </summary>
public static class Leftovers
{
    const string FileName = "processes";
    static readonly Lock Gate = new();

    /// <summary>Ends the processes noted in <paramref name="logs"/> that still run.</summary>
    /// <returns>How many there were.</returns>
    public static async Task<int> EndAsync(string logs)
    {
        var file = Path.Combine(logs, FileName);
        if (!File.Exists(file))
        {
            return 0;
        }
        var left = File.ReadAllLines(file)
            .Select(line => line.Split(' ', 3))
            .Where(parts => parts.Length == 3 && int.TryParse(parts[0], CultureInfo.InvariantCulture, out _))
            .Select(parts => (Id: int.Parse(parts[0], CultureInfo.InvariantCulture), Started: parts[1]))
            .Where(process => StartTime(process.Id) == process.Started)
            .ToList();
        foreach (var (id, _) in left)
        {
            // As after a crash: PostgreSQL would wait for its clients on SIGTERM, and those are the ones that end beside it.
            Signal.Kill.SendTo(id);
        }
        await Deadline.UntilAsync("the end of what an earlier run left behind", TimeSpan.FromSeconds(20), () =>
            Task.FromResult(left.All(process => StartTime(process.Id) != process.Started))
        );
        await ReapedAsync(left.ConvertAll(process => process.Id));
        File.Delete(file);
        return left.Count;
    }

    // PostgreSQL takes a zombie for a living server. Its parent, the system's first process, may be slow, or never look after it.
    static async Task ReapedAsync(List<int> processes)
    {
        try
        {
            await Deadline.UntilAsync("the end of zombies", TimeSpan.FromSeconds(10), () =>
                Task.FromResult(!processes.Exists(id => Directory.Exists($"/proc/{id}")))
            );
        }
        catch (TimeoutException)
        {
            // Whoever cannot start beside them says so.
        }
    }

    internal static void Note(string logs, int processId, string name)
    {
        if (StartTime(processId) is { } started)
        {
            lock (Gate)
            {
                File.AppendAllText(Path.Combine(logs, FileName), $"{processId} {started} {name}\n");
            }
        }
    }

    // Field 22 of /proc/PID/stat, counted after the name, which is in parentheses and may hold spaces. A zombie has ended.
    static string? StartTime(int processId)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{processId}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] == "Z" ? null : fields[19];
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException or IOException)
        {
            return null;
        }
    }
}
