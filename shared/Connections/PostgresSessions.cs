using Npgsql;

namespace Betting.Connections;

/// <summary>Limits of a session, given when it is opened, so that neither a role's nor a database's setting replaces them.</summary>
public static class PostgresSessions
{
    /// <summary>
    /// For sessions that lock rows or tables: a process that stands still in the middle of a transaction, or whose machine is gone, loses its
    /// session and with it the locks. Between transactions a session may be idle for any time, as those of a pool are.
    /// </summary>
    public static void GiveUpLocks(NpgsqlConnectionStringBuilder connection) =>
        connection.Options = $"{connection.Options} -c idle_in_transaction_session_timeout=10s -c idle_session_timeout=0".TrimStart();

    /// <summary>For sessions that must not wait for a table for longer, because others wait behind them.</summary>
    public static void WaitForLocks(NpgsqlConnectionStringBuilder connection, TimeSpan limit) =>
        connection.Options = $"{connection.Options} -c lock_timeout={(long)limit.TotalMilliseconds}".TrimStart();
}
