using Betting.Local.Engines;
using Npgsql;

namespace Betting.Tests.Fixtures;

/// <summary>Databases of their own for tests that share one server.</summary>
public static class TestDatabase
{
    static int _count;

    /// <summary>Creates an empty PostgreSQL database and returns a connection string to it.</summary>
    public static async Task<string> CreateAsync(PostgresServer server)
    {
        var name = $"test_{Environment.ProcessId}_{Interlocked.Increment(ref _count)}";
        await server.CreateDatabaseAsync(name);
        return new NpgsqlConnectionStringBuilder(server.ConnectionString(name)) { MaxPoolSize = 30 }.ConnectionString;
    }
}
