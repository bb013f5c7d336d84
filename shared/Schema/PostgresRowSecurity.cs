using Npgsql;

namespace Betting.Schema;

/// <summary>
/// Where row-level security is switched on for a captured table, PostgreSQL hides rows from whoever is neither its owner nor has BYPASSRLS,
/// and a snapshot counts as whole all the same: the sink would delete what it did not read. With <c>row_security = off</c> such a read
/// fails instead. The workers set it for their own sessions; for the connector's role it is set here.
/// </summary>
static class PostgresRowSecurity
{
    /// <summary>The role that the migrations make for the connector.</summary>
    const string Connector = "replicator";

    const string IsOff = """
        SELECT r.rolsuper OR r.rolbypassrls OR EXISTS (
            SELECT FROM pg_db_role_setting s JOIN pg_database d ON d.datname = current_database()
            WHERE s.setrole = r.oid AND s.setdatabase IN (0, d.oid) AND 'row_security=off' = ANY (s.setconfig))
        FROM pg_roles r WHERE r.rolname = $1
        """;

    const string Statement = "SELECT format('ALTER ROLE %I IN DATABASE %I SET row_security = off', $1, current_database())";

    /// <summary>At each migration, because a copy of a database has no settings of its roles.</summary>
    /// <returns>Null, or the statement that somebody with more rights has to run.</returns>
    public static async Task<string?> RefuseHiddenRowsAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        if (await AskAsync(connection, IsOff, cancellation) is not false)
        {
            return null;
        }
        var statement = (string)(await AskAsync(connection, Statement, cancellation))!;
        try
        {
            await using var alter = new NpgsqlCommand(statement, connection);
            await alter.ExecuteNonQueryAsync(cancellation);
            return null;
        }
        catch (PostgresException refused) when (refused.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            return statement;
        }
    }

    static async Task<object?> AskAsync(NpgsqlConnection connection, string question, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(question, connection);
        command.Parameters.AddWithValue(Connector);
        return await command.ExecuteScalarAsync(cancellation);
    }
}
