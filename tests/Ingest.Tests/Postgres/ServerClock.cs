using Npgsql;

namespace Betting.Tests.Ingest.Postgres;

/// <summary>
/// PostgreSQL's clock as a role with the search path <see cref="SearchPath"/> reads it: a function of the same name that stands before
/// PostgreSQL's own, and can be set.
/// </summary>
static class ServerClock
{
    /// <summary>For the keyword of that name in a connection string.</summary>
    public const string SearchPath = "clock,pg_catalog,public";

    /// <summary>Sets the clock. It must be there before a session that reads it prepares its statements.</summary>
    /// <param name="admin">Connects as the owner of the database.</param>
    /// <param name="ahead">By how much the clock is ahead of the true time from now on; negative where it is behind.</param>
    public static async Task SetAsync(NpgsqlDataSource admin, TimeSpan ahead)
    {
        await using var command = admin.CreateCommand(
            FormattableString.Invariant(
                $"""
                CREATE SCHEMA IF NOT EXISTS clock;
                GRANT USAGE ON SCHEMA clock TO ingest;
                CREATE OR REPLACE FUNCTION clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql
                    AS 'SELECT pg_catalog.clock_timestamp() + make_interval(secs => {ahead.TotalSeconds})';
                """
            )
        );
        await command.ExecuteNonQueryAsync();
    }
}
