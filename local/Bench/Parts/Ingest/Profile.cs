using System.Globalization;

namespace Betting.Local.Bench.Parts.Ingest;

/// <summary>Where the time of one measurement went: processor seconds by process, and PostgreSQL's statements by their total time.</summary>
/// <remarks>Only with <c>--profile</c>: counting statements costs PostgreSQL a few per cent.</remarks>
sealed class Profile
{
    const string Statements = """
        SELECT calls, total_exec_time, mean_exec_time, rows, wal_bytes, regexp_replace(query, '\s+', ' ', 'g')
        FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY total_exec_time DESC LIMIT 14
        """;

    // USER_HZ: what /proc counts in.
    const double TicksASecond = 100;

    readonly BenchRun _run;
    readonly IReadOnlyDictionary<string, int> _processes;
    readonly Dictionary<string, double> _before;
    readonly long _started;

    /// <param name="processes">Name and id; the children of each count with it, save the bench's own: those are the others.</param>
    public Profile(BenchRun run, IReadOnlyDictionary<string, int> processes)
    {
        (_run, _processes, _started) = (run, processes, run.Clock.GetTimestamp());
        _before = Seconds();
    }

    public async Task TellAsync(BenchDatabase database)
    {
        var wall = _run.Clock.GetElapsedTime(_started).TotalSeconds;
        var after = Seconds();
        _run.Say(string.Create(CultureInfo.InvariantCulture, $"  processor seconds in {wall:F1} s: {string.Join(", ", after.Select(pair => $"{pair.Key} {pair.Value - _before[pair.Key]:F1}"))}"));
        await using var command = database.Admin.CreateCommand(Statements);
        await using var rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            var query = rows.GetString(5);
            _run.Say(string.Create(CultureInfo.InvariantCulture,
                $"  {rows.GetDouble(1),8:F0} ms  {rows.GetInt64(0),7} × {rows.GetDouble(2),8:F2} ms  {rows.GetInt64(3),8} rows  {rows.GetDecimal(4) / 1_000_000,6:F0} MB WAL  {query[..Math.Min(query.Length, 90)]}"));
        }
    }

    Dictionary<string, double> Seconds()
    {
        var all = Directory.EnumerateDirectories("/proc").Where(folder => int.TryParse(Path.GetFileName(folder), out _)).Select(Read).OfType<(int Id, int Parent, double Seconds)>().ToArray();
        return _processes.ToDictionary(process => process.Key, process => all.Where(other => other.Id == process.Value || (other.Parent == process.Value && process.Value != Environment.ProcessId)).Sum(other => other.Seconds));
    }

    // /proc/PID/stat after the name, which is in parentheses: state, parent, …, then user and system time as the 12th and 13th.
    static (int Id, int Parent, double Seconds)? Read(string folder)
    {
        try
        {
            var stat = File.ReadAllText(Path.Combine(folder, "stat"));
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            double Number(int at) => double.Parse(fields[at], CultureInfo.InvariantCulture);
            return (int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture), (int)Number(1), (Number(11) + Number(12)) / TicksASecond);
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException or IOException)
        {
            return null;
        }
    }
}
