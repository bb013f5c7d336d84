using Betting.Connections;
using DbUp;
using DbUp.Engine;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Betting.Schema;

/// <summary>
/// Brings a PostgreSQL database to this version's schema: numbered scripts, each applied once and in a transaction of its
/// own, noted in <c>schemaversions</c>. Callers that come at the same time wait for one another.
/// </summary>
public static class PostgresMigrator
{
    // Any constant does, as long as nobody else in the database uses it: "betting" read as a number.
    const long AdvisoryLock = 0x62_65_74_74_69_6e_67;

    /// <summary>The schema's roles that may be let in.</summary>
    public static IReadOnlyList<string> Roles { get; } = ["ingest", "replicator", "reader", "warmer"];

    const string ScriptFolder = ".Postgres.";

    // Whoever uses a table waits behind a script that waits for it. So a script waits for a moment, and comes again.
    static readonly TimeSpan LockWait = TimeSpan.FromSeconds(2),
        LockPause = TimeSpan.FromSeconds(5),
        LockLimit = TimeSpan.FromMinutes(10);

    /// <param name="connectionString">
    /// A role that owns the database and may create roles; for a <c>REPLICATION</c> role PostgreSQL 15 wants a superuser.
    /// </param>
    /// <param name="rolePasswords">Roles that may log in from now on, with their passwords.</param>
    /// <param name="log">Gets one line a script.</param>
    /// <param name="cancellation">Ends the wait for another migration; a script that runs is finished.</param>
    /// <returns>How many scripts were applied.</returns>
    /// <exception cref="SchemaException">
    /// A script failed: it and those after it are not applied. Or a password is empty: nothing is done.
    /// </exception>
    public static async Task<int> MigrateAsync(
        string connectionString,
        IReadOnlyDictionary<string, string> rolePasswords,
        ILogger log,
        CancellationToken cancellation
    )
    {
        // Before anything is done.
        foreach (var (role, password) in rolePasswords)
        {
            new NamedPassword(role, password).RequirePassword();
        }
        var single = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, Multiplexing = false };
        PostgresSessions.GiveUpLocks(single);
        PostgresSessions.WaitForever(single);
        await using var connection = new NpgsqlConnection(single.ConnectionString);
        await connection.OpenAsync(cancellation);
        // Held by the session: if this process dies, the lock goes with its connection.
        if (!await LockAsync("SELECT pg_try_advisory_lock($1)"))
        {
            new ScriptLog(log).LogWarning("another migration of this database runs; this one waits for its end");
            await LockAsync("SELECT true FROM (SELECT pg_advisory_lock($1)) AS locked");
        }
        PostgresSessions.WaitForLocks(single, LockWait);
        var applied = await ApplyWhenFreeAsync(single.ConnectionString, log, cancellation);
        foreach (var (role, password) in rolePasswords)
        {
            await PostgresRoles.AllowLoginAsync(connection, role, password, cancellation);
        }
        if (await PostgresRowSecurity.RefuseHiddenRowsAsync(connection, cancellation) is { } statement)
        {
            new ScriptLog(log).LogWarning($"this role has not enough rights for one statement; let an administrator run it: {statement}");
        }
        return applied;

        async Task<bool> LockAsync(string question)
        {
            await using var command = new NpgsqlCommand(question, connection) { CommandTimeout = 0 };
            command.Parameters.AddWithValue(AdvisoryLock);
            return (bool)(await command.ExecuteScalarAsync(cancellation))!;
        }
    }

    static async Task<int> ApplyWhenFreeAsync(string connectionString, ILogger log, CancellationToken cancellation)
    {
        var (applied, began, told) = (0, TimeProvider.System.GetTimestamp(), "");
        while (true)
        {
            var result = Apply(connectionString, log);
            var scripts = result.Scripts.Count();
            applied += scripts;
            // Each script waits for as long as it may, however long the ones before it took.
            began = scripts > 0 ? TimeProvider.System.GetTimestamp() : began;
            if (result.Successful)
            {
                return applied;
            }
            var script = result.ErrorScript?.Name ?? "the journal of scripts";
            if (
                result.Error is not PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable }
                || TimeProvider.System.GetElapsedTime(began) >= LockLimit
            )
            {
                throw new SchemaException($"{script}: {result.Error.Message}", result.Error);
            }
            if (told != script)
            {
                told = script;
                new ScriptLog(log).LogWarning(
                    $"{script} waits for a table that another session uses; it is tried again every {LockPause.TotalSeconds} s, for "
                        + $"{LockLimit.TotalMinutes} min at most"
                );
            }
            await Task.Delay(LockPause, TimeProvider.System, cancellation);
        }
    }

    static DatabaseUpgradeResult Apply(string connectionString, ILogger log) =>
        DeployChanges
            .To.PostgresqlDatabase(connectionString)
            .WithScriptsEmbeddedInAssembly(typeof(PostgresMigrator).Assembly, name => name.Contains(ScriptFolder, StringComparison.Ordinal))
            .WithTransactionPerScript()
            // $…$ in these scripts is PostgreSQL's own quoting.
            .WithVariablesDisabled()
            // No limit: an index of a large table takes as long as it takes, and would be rolled back and built again for ever.
            .WithExecutionTimeout(TimeSpan.Zero)
            .LogTo(new ScriptLog(log))
            .Build()
            .PerformUpgrade();
}
