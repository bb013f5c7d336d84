using System.Globalization;
using Betting.Local.Bench.Measure;

namespace Betting.Local.Bench.Parts.Ingest;

/// <summary>
/// Where the time of one measurement went: processor seconds by process, what PostgreSQL wrote to its log and read into its
/// buffers, and its statements by their total time.
/// </summary>
/// <remarks>Only with <c>--profile</c>: counting statements costs PostgreSQL a few per cent.</remarks>
sealed class Profile
{
    const string Statements = """
        SELECT calls, total_exec_time, mean_exec_time, rows, wal_bytes, regexp_replace(query, '\s+', ' ', 'g')
        FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
            ORDER BY total_exec_time DESC LIMIT 14
        """;

    const string Reset = "SELECT pg_stat_statements_reset(0, oid, 0) FROM pg_database WHERE datname = current_database()";

    // Of the whole server, of which nothing but this database is used; blocks that are not in the buffers are read from the system's cache.
    const string Counters = """
        SELECT wal_bytes::float8, wal_fpi::float8, (SELECT sum(blks_read)::float8 FROM pg_stat_database), buffers_backend::float8,
        (checkpoints_timed + checkpoints_req)::float8
        FROM pg_stat_wal, pg_stat_bgwriter
        """;

    readonly BenchRun _run;
    readonly ProcessorTime _time;
    readonly long _started;
    double[] _counted = [];

    /// <param name="run">Tells.</param>
    /// <param name="processes">Name and id; the children of each count with it, save the bench's own: those are the others.</param>
    public Profile(BenchRun run, IReadOnlyDictionary<string, int> processes)
    {
        (_run, _started) = (run, run.Clock.GetTimestamp());
        _time = new ProcessorTime(processes);
    }

    /// <summary>Processor seconds of each process since this was made, in words.</summary>
    public string Processors()
    {
        var wall = _run.Clock.GetElapsedTime(_started).TotalSeconds;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"processor seconds in {wall:F1} s: {string.Join(", ", _time.Since().Select(pair => $"{pair.Key} {pair.Value:F1}"))}"
        );
    }

    /// <summary>One that also tells what PostgreSQL did from now on.</summary>
    public static async Task<Profile> OfAsync(BenchRun run, IReadOnlyDictionary<string, int> processes, BenchDatabase database)
    {
        await using var reset = database.Admin.CreateCommand(Reset);
        await reset.ExecuteNonQueryAsync();
        return new Profile(run, processes) { _counted = await CountersAsync(database) };
    }

    public async Task TellAsync(BenchDatabase database)
    {
        _run.Say($"  {Processors()}");
        double[] now = [.. (await CountersAsync(database)).Zip(_counted, (after, before) => after - before)];
        _run.Say(
            string.Create(
                CultureInfo.InvariantCulture,
                $"  PostgreSQL: {now[0] / 1_000_000:F0} MB WAL with {now[1]:N0} full pages, {now[2]:N0} blocks read, {now[3]:N0} written "
                    + $"by backends, {now[4]:F0} checkpoints"
            )
        );
        await using var command = database.Admin.CreateCommand(Statements);
        await using var rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            var query = rows.GetString(5);
            _run.Say(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"  {rows.GetDouble(1), 8:F0} ms  {rows.GetInt64(0), 7} × {rows.GetDouble(2), 8:F2} ms  {rows.GetInt64(3), 8} rows  "
                        + $"{rows.GetDecimal(4) / 1_000_000, 6:F0} MB WAL  {query[..Math.Min(query.Length, 90)]}"
                )
            );
        }
    }

    static async Task<double[]> CountersAsync(BenchDatabase database)
    {
        await using var command = database.Admin.CreateCommand(Counters);
        await using var row = await command.ExecuteReaderAsync();
        await row.ReadAsync();
        return [.. Enumerable.Range(0, row.FieldCount).Select(row.GetDouble)];
    }
}
