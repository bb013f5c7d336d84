using Npgsql;

namespace Betting.Connections;

/// <summary>What a server is, as it says.</summary>
enum ServerRole
{
    /// <summary>No connection, or no answer in time.</summary>
    Away,

    /// <summary>It is there and lets nobody ask, for example a wrong password, too many connections, a server that starts.</summary>
    Refuses,

    Standby,
    Primary,
}

/// <summary>What a server said when it was asked last.</summary>
/// <param name="Role">What it is.</param>
/// <param name="System">The identifier of its cluster; 0 where the worker's role may not read it.</param>
/// <param name="Timeline">
/// Of a primary, 1 or more: each promotion begins a higher one. 0 for all others, and where it does not tell.
/// </param>
/// <param name="Trouble">Why it is away or refuses, in a few words.</param>
readonly record struct ServerAnswer(ServerRole Role, long System = 0, int Timeline = 0, string? Trouble = null)
{
    const string OwnSystem = "(SELECT system_identifier FROM pg_control_system())",
        OwnTimeline =
            """
                CASE WHEN pg_is_in_recovery() THEN 0 ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END
                """;

    // Some revoke pg_control_system from PUBLIC, and not every server that speaks PostgreSQL's protocol has files of a log.
    static readonly string[] Questions =
    [
        $"SELECT pg_is_in_recovery(), {OwnSystem}, {OwnTimeline}",
        $"SELECT pg_is_in_recovery(), 0::bigint, {OwnTimeline}",
        "SELECT pg_is_in_recovery(), 0::bigint, 0",
    ];

    /// <summary>In a few words, for example <c>standby</c>.</summary>
    public override string ToString() => Trouble ?? (Role == ServerRole.Standby ? "standby" : "primary");

    /// <summary>Asks the server of an open session.</summary>
    /// <param name="session">Idle.</param>
    /// <param name="seconds">How long the answer may take.</param>
    /// <exception cref="NpgsqlException">No answer.</exception>
    public static async Task<ServerAnswer> AskAsync(NpgsqlConnection session, int seconds)
    {
        for (var question = 0; ; question++)
        {
            try
            {
                return await AskAsync(session, Questions[question], seconds);
            }
            catch (PostgresException refused)
                when (question + 1 < Questions.Length && refused.SqlState.StartsWith("42", StringComparison.Ordinal))
            {
                // The next one asks for less.
            }
        }
    }

    static async Task<ServerAnswer> AskAsync(NpgsqlConnection session, string question, int seconds)
    {
        await using var command = new NpgsqlCommand(question, session) { CommandTimeout = seconds };
        await using var row = await command.ExecuteReaderAsync();
        await row.ReadAsync();
        return new ServerAnswer(row.GetBoolean(0) ? ServerRole.Standby : ServerRole.Primary, row.GetInt64(1), row.GetInt32(2));
    }
}
