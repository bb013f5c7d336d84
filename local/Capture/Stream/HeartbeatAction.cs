using Npgsql;

namespace Betting.Local.Capture.Stream;

/// <summary>The statement that runs in PostgreSQL with each heartbeat, as the connector's <c>heartbeat.action.query</c> does.</summary>
/// <param name="source">Where it runs: on a connection beside the replication stream.</param>
/// <param name="query">The statement; none where it is empty.</param>
sealed class HeartbeatAction(NpgsqlDataSource source, string query)
{
    const int LimitSeconds = 5;

    /// <exception cref="NpgsqlException">PostgreSQL does not answer, or refuses the statement.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        if (query.Length == 0)
            return;
        await using var command = source.CreateCommand(query);
        command.CommandTimeout = LimitSeconds;
        await command.ExecuteNonQueryAsync(stop);
    }
}
