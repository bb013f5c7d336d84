using System.Net.Sockets;
using Betting.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Betting.Connections;

/// <summary>What a worker needs of PostgreSQL's settings.</summary>
[Flags]
public enum PostgresNeeds
{
    None = 0,

    /// <summary>What was committed survives a crash of the machine.</summary>
    Durability = 1,

    /// <summary>Transactions may write.</summary>
    Writes = 2,

    /// <summary>Changes can be captured from the log.</summary>
    Capture = 4,
}

/// <summary>
/// Looks at the settings that PostgreSQL has for the worker's own connections, once a minute, and tells of those that break a promise.
/// An outage is told by whoever works with PostgreSQL.
/// </summary>
public sealed class PostgresSettings(
    PostgresSource postgres,
    PostgresNeeds needs,
    Readiness readiness,
    Heartbeats heartbeats,
    TimeProvider clock,
    ILogger<PostgresSettings> log
) : IWorkerLoop
{
    /// <summary>The condition's name in readiness.</summary>
    public const string Condition = "postgres-settings";

    static readonly TimeSpan Every = TimeSpan.FromMinutes(1),
        WhileBroken = TimeSpan.FromSeconds(1),
        Limit = TimeSpan.FromSeconds(4);

    static readonly (PostgresNeeds Need, string Setting, string Bad, string Line)[] Rules =
    [
        (PostgresNeeds.Durability, "fsync", "off", "fsync is off: commands that were acknowledged are lost when the machine crashes"),
        (
            PostgresNeeds.Durability,
            "full_page_writes",
            "off",
            "full_page_writes is off: pages are torn, and with them what was acknowledged, when the machine crashes"
        ),
        (
            PostgresNeeds.Durability,
            "synchronous_commit",
            "off",
            "synchronous_commit is off for this role: commands that were acknowledged are lost when PostgreSQL crashes"
        ),
        (
            PostgresNeeds.Writes,
            "default_transaction_read_only",
            "on",
            "default_transaction_read_only is on for this role: nothing can be written"
        ),
        (
            PostgresNeeds.Writes,
            "session_replication_role",
            "replica",
            "session_replication_role is replica for this role: triggers and references are not checked"
        ),
        (PostgresNeeds.Capture, "wal_level", "minimal", "wal_level is minimal: changes cannot be captured; it has to be logical"),
        (PostgresNeeds.Capture, "wal_level", "replica", "wal_level is replica: changes cannot be captured; it has to be logical"),
    ];

    // Whoever names standbys wants commits to wait for them.
    const string Standbys = "synchronous_standby_names",
        Commit = "synchronous_commit",
        OnlyLocal =
            "synchronous_commit is local for this role, but standbys are named: commands that were acknowledged are lost in a failover";

    readonly SettingWatch _watch = new(Stores.Postgres, Condition, readiness, log);

    public string Name => "postgres-settings";

    /// <summary>One line for each setting, and each table, that breaks what is needed.</summary>
    public static IReadOnlyList<string> WhatIsBroken(
        IReadOnlyDictionary<string, string> settings,
        IReadOnlyCollection<PartialTable> tables,
        PostgresNeeds needs
    ) =>
        [
            .. Rules
                .Where(rule => needs.HasFlag(rule.Need) && settings.GetValueOrDefault(rule.Setting) == rule.Bad)
                .Select(rule => rule.Line),
            .. needs.HasFlag(PostgresNeeds.Durability) && IsOnlyLocal(settings) ? [OnlyLocal] : Array.Empty<string>(),
            .. tables
                .Where(table => !table.IsDurable && needs.HasFlag(PostgresNeeds.Durability))
                .Select(table => $"{table.Name} is UNLOGGED: PostgreSQL empties it after a crash; ALTER TABLE {table.Name} SET LOGGED"),
            .. tables
                .Where(table => table.HidesRows)
                .Select(table => $"row-level security of {table.Name} applies to this role, which needs to see all rows"),
            .. tables
                .Where(table => table.HidesCapturedRows && needs.HasFlag(PostgresNeeds.Capture))
                .Select(table =>
                    $"row-level security of {table.Name} hides rows from the connector's role replicator, and a snapshot counts as whole: "
                    + "ALTER ROLE replicator SET row_security = off"
                ),
        ];

    static bool IsOnlyLocal(IReadOnlyDictionary<string, string> settings) =>
        settings.GetValueOrDefault(Commit) == "local" && !string.IsNullOrEmpty(settings.GetValueOrDefault(Standbys));

    public async Task RunAsync(CancellationToken stopping)
    {
        var pause = WhileBroken;
        while (true)
        {
            heartbeats.Beat(Name);
            try
            {
                var broken = await CheckAsync(stopping).WaitAsync(Limit, clock, stopping);
                _watch.Saw(broken);
                pause = broken.Count == 0 ? Every : WhileBroken;
                if (broken.Count > 0)
                {
                    // A session keeps what its role had when it began: a corrected setting holds for new ones.
                    postgres.Clear();
                }
            }
            catch (Exception away)
                when (away is NpgsqlException or SocketException or TimeoutException or OperationCanceledException
                    && !stopping.IsCancellationRequested
                )
            {
                pause = WhileBroken;
            }
            await BeatingAsync(pause, stopping);
        }
    }

    async Task<IReadOnlyList<string>> CheckAsync(CancellationToken stopping)
    {
        using var limit = new CancellationTokenSource(Limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopping);
        return WhatIsBroken(await ReadAsync(either.Token), await PostgresTables.ReadAsync(postgres, either.Token), needs);
    }

    async Task<Dictionary<string, string>> ReadAsync(CancellationToken cancellation)
    {
        await using var command = await postgres.CreateCommandAsync(
            "SELECT name, setting FROM pg_settings WHERE name = ANY($1)",
            cancellation
        );
        command.Parameters.AddWithValue(Rules.Select(rule => rule.Setting).Append(Standbys).Distinct().ToArray());
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        while (await rows.ReadAsync(cancellation))
        {
            settings[rows.GetString(0)] = rows.GetString(1);
        }
        return settings;
    }

    async Task BeatingAsync(TimeSpan pause, CancellationToken stopping)
    {
        for (var started = clock.GetTimestamp(); clock.GetElapsedTime(started) < pause; )
        {
            heartbeats.Beat(Name);
            await Task.Delay(pause < TimeSpan.FromSeconds(5) ? pause : TimeSpan.FromSeconds(5), clock, stopping);
        }
    }
}
