using Npgsql;

namespace Betting.Connections;

/// <summary>Limits of a session, given when it is opened, so that neither a role's nor a database's setting replaces them.</summary>
public static class PostgresSessions
{
    /// <summary>
    /// For all sessions of workers. Where row-level security applies to the role, a statement fails (42501) instead of seeing a part of the
    /// rows: what is hidden would be taken for absent.
    /// </summary>
    public static void SeeAllRows(NpgsqlConnectionStringBuilder connection) =>
        connection.Options = $"{connection.Options} -c row_security=off".TrimStart();

    /// <summary>
    /// For sessions that lock rows or tables: a process that stands still in the middle of a transaction, or whose machine is gone, loses
    /// its session and with it the locks.
    /// </summary>
    public static void GiveUpLocks(NpgsqlConnectionStringBuilder connection)
    {
        connection.Options = $"{connection.Options} -c idle_in_transaction_session_timeout=10s".TrimStart();
        KeepAdvisoryLocks(connection);
    }

    /// <summary>
    /// Between transactions a session may be idle for any time, as those of a pool are. A session keeps its advisory locks for as long as
    /// it is there, so PostgreSQL looks within a minute whether its connection leads anywhere; the kernel's own limit is two hours.
    /// </summary>
    public static void KeepAdvisoryLocks(NpgsqlConnectionStringBuilder connection) =>
        connection.Options = (
            $"{connection.Options} -c idle_session_timeout=0 -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c "
            + $"tcp_keepalives_count=3"
        ).TrimStart();

    /// <summary>For sessions that wait for a lock as long as it takes, and whose statements take what they take.</summary>
    public static void WaitForever(NpgsqlConnectionStringBuilder connection) =>
        connection.Options = $"{connection.Options} -c lock_timeout=0 -c statement_timeout=0".TrimStart();

    /// <summary>For sessions that must not wait for a table for longer, because others wait behind them.</summary>
    public static void WaitForLocks(NpgsqlConnectionStringBuilder connection, TimeSpan limit) =>
        connection.Options = $"{connection.Options} -c lock_timeout={(long)limit.TotalMilliseconds}".TrimStart();
}
