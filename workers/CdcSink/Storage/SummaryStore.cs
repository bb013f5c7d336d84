using System.Globalization;
using ClickHouse.Driver;

namespace Betting.CdcSink.Storage;

/// <summary>The summaries of the connected server: what they claim, and their refreshes.</summary>
public sealed class SummaryStore(ClickHouseClient client)
{
    public static IReadOnlyList<string> Names { get; } = ["summary_by_hour", "summary_by_day", "summary_by_month"];

    /// <summary>The moment at which <c>data_as_of</c> is held, microseconds since 1970 UTC. 0: nothing is proven. Null: nothing is held.</summary>
    public Task<long?> HeldAsync(CancellationToken cancellation) => MomentAsync("SELECT minOrNull(holds_from) FROM holds", cancellation);

    /// <summary>The latest <c>data_as_of</c> of a summary's rows, microseconds since 1970 UTC; null where no row has one.</summary>
    public Task<long?> ClaimAsync(string summary, CancellationToken cancellation) => MomentAsync($"SELECT maxOrNull(data_as_of) FROM {summary}", cancellation);

    /// <summary>Asks for a refresh and returns at once. A refresh that runs is followed by another.</summary>
    public Task AskRefreshAsync(string summary, CancellationToken cancellation) =>
        client.ExecuteNonQueryAsync($"SYSTEM REFRESH VIEW {summary}_refresh", cancellationToken: cancellation);

    /// <summary>Returns when no refresh of the summary runs. May be repeated.</summary>
    /// <exception cref="ClickHouseServerException">The last refresh failed.</exception>
    public Task WaitAsync(string summary, CancellationToken cancellation) =>
        client.ExecuteNonQueryAsync($"SYSTEM WAIT VIEW {summary}_refresh", cancellationToken: cancellation);

    async Task<long?> MomentAsync(string sql, CancellationToken cancellation) =>
        await client.ExecuteScalarAsync($"SELECT toUnixTimestamp64Micro(({sql}))", cancellationToken: cancellation) is { } moment and not DBNull
            ? Convert.ToInt64(moment, CultureInfo.InvariantCulture) : null;
}
