using System.Diagnostics;
using Betting.Local.Engines;
using Npgsql;

namespace Betting.Tests.Ingest.Proof;

/// <summary>A way in which PostgreSQL takes no batches, and its end.</summary>
/// <param name="State">The SQLSTATE that the worker counts, or <c>none</c>.</param>
/// <param name="BeginAsync">Makes it so.</param>
/// <param name="EndAsync">Makes it well again.</param>
sealed record Outage(string State, Func<Task> BeginAsync, Func<Task> EndAsync)
{
    /// <summary>Attempts come to an end; else one is under way the whole time.</summary>
    public bool Answers { get; private init; } = true;

    /// <summary>The server is shut down.</summary>
    public static Outage Stopped(PostgresServer server) => new("none", server.StopAsync, server.StartAsync);

    /// <summary>The server and everything it has forked stand still; connections stay open and nobody answers.</summary>
    public static Outage Paused(PostgresServer server) =>
        new(
            "none",
            () =>
            {
                ProcessTree.Send(server.ProcessId, "STOP");
                return Task.CompletedTask;
            },
            () =>
            {
                ProcessTree.Send(server.ProcessId, "CONT");
                return Task.CompletedTask;
            }
        )
        {
            Answers = false,
        };

    /// <summary>The role has no connections left.</summary>
    public static Outage OutOfConnections(NpgsqlDataSource admin) =>
        new(
            "53300",
            () =>
                DoAsync(
                    admin,
                    "ALTER ROLE ingest CONNECTION LIMIT 0; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'ingest'"
                ),
            () => DoAsync(admin, "ALTER ROLE ingest CONNECTION LIMIT -1")
        );

    /// <summary>The server takes no writes, as a primary that was demoted.</summary>
    public static Outage ReadOnly(NpgsqlDataSource admin) =>
        new(
            "25006",
            () =>
                DoAsync(
                    admin,
                    "ALTER ROLE ingest SET default_transaction_read_only = on; SELECT pg_terminate_backend(pid) FROM "
                        + "pg_stat_activity WHERE usename = 'ingest'"
                ),
            () => DoAsync(admin, "ALTER ROLE ingest RESET default_transaction_read_only")
        );

    /// <summary>The role has a wrong setting: sessions that begin meanwhile keep it for as long as they live.</summary>
    public static Outage Misconfigured(NpgsqlDataSource admin, string setting, string value, string state) =>
        new(
            state,
            () =>
                DoAsync(
                    admin,
                    $"ALTER ROLE ingest SET {setting} = '{value}'; SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        + $"WHERE usename = 'ingest'"
                ),
            () => DoAsync(admin, $"ALTER ROLE ingest RESET {setting}")
        );

    /// <summary>Every batch is answered with this SQLSTATE.</summary>
    public static Outage Raised(NpgsqlDataSource admin, string state) =>
        new(
            state,
            () =>
                DoAsync(
                    admin,
                    $"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = "
                        + $"'{state}'; END $$; CREATE TRIGGER refuse BEFORE INSERT ON commands FOR EACH STATEMENT EXECUTE FUNCTION refuse()"
                ),
            () => DoAsync(admin, "DROP TRIGGER refuse ON commands; DROP FUNCTION refuse")
        );

    static async Task DoAsync(NpgsqlDataSource admin, string sql)
    {
        await using var command = admin.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}

/// <summary>A process with its children.</summary>
static class ProcessTree
{
    public static void Send(int root, string signal)
    {
        var ids = Directory
            .GetDirectories("/proc")
            .Select(folder => int.TryParse(Path.GetFileName(folder), out var id) ? id : 0)
            .Where(id => id == root || (id > 0 && ParentOf(id) == root))
            .ToArray();
        using var kill = Process.Start(
            "kill",
            [$"-{signal}", .. ids.Select(id => id.ToString(System.Globalization.CultureInfo.InvariantCulture))]
        );
        kill.WaitForExit();
    }

    // Field 4 of /proc/PID/stat, counted after the name in parentheses; 0 where it has ended meanwhile.
    static int ParentOf(int id)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{id}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
