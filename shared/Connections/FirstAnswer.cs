using ClickHouse.Driver;
using ClickHouse.Driver.ADO;

namespace Betting.Connections;

/// <summary>
/// Asks ClickHouse whether it answers at all. A statement may take minutes, so the driver waits two of them; a server that stands still is
/// found out sooner by a question that takes no time.
/// </summary>
public static class FirstAnswer
{
    /// <summary>How long an answer may take.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Returns when ClickHouse has answered.</summary>
    /// <exception cref="OperationCanceledException">
    /// No answer within <see cref="Limit"/>; the inner exception is a <see cref="TimeoutException"/>.
    /// </exception>
    public static Task OfAsync(ClickHouseClient client, CancellationToken cancellation) =>
        OfAsync(ClickHouseSettings.Within(client.Settings, Limit), cancellation);

    /// <summary>Returns when ClickHouse has answered, also where the database of the connection string is not there yet.</summary>
    /// <exception cref="OperationCanceledException">
    /// No answer within <see cref="Limit"/>; the inner exception is a <see cref="TimeoutException"/>.
    /// </exception>
    public static Task WithoutDatabaseAsync(string connectionString, CancellationToken cancellation) =>
        OfAsync(ClickHouseSettings.Plain(connectionString, "default", Limit), cancellation);

    static async Task OfAsync(ClickHouseClientSettings settings, CancellationToken cancellation)
    {
        using var client = new ClickHouseClient(settings);
        await client.ExecuteScalarAsync("SELECT 1", cancellationToken: cancellation);
    }
}
