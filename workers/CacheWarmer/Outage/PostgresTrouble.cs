using Npgsql;

namespace Betting.CacheWarmer.Outage;

/// <summary>Which failures of PostgreSQL pass by themselves, by SQLSTATE.</summary>
static class PostgresTrouble
{
    /// <summary>The server is away, restarting, full or not the primary at this moment; anything else is a fault to be seen.</summary>
    public static bool IsPassing(NpgsqlException failure) =>
        failure.IsTransient
        || failure.SqlState switch
        {
            null => true, // the connection broke, PostgreSQL said nothing
            PostgresErrorCodes.ReadOnlySqlTransaction => true, // demoted; the next connection goes to the new primary
            ['5', '7', 'P', ..] => true, // shutdown, crash, cannot connect now, idle session ended
            ['0', '8', ..] or ['5', '3', ..] => true, // connection, insufficient resources
            _ => false,
        };
}
