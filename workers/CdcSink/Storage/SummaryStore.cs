using System.Globalization;
using ClickHouse.Driver;

namespace Betting.CdcSink.Storage;

/// <summary>The summaries of the connected server: what they claim, and their refreshes.</summary>
public sealed class SummaryStore(ClickHouseClient client)
{
    public static IReadOnlyList<string> Names { get; } = ["summary_by_hour", "summary_by_day", "summary_by_month"];

    /// <summary>What holds <c>data_as_of</c>, and what has held it.</summary>
    public async Task<Holds> HoldsAsync(CancellationToken cancellation)
    {
        await using var row = await client.ExecuteReaderAsync(
            """
            SELECT toUnixTimestamp64Micro((SELECT minOrNull(holds_from) FROM holds)), count(), toUnixTimestamp64Micro(maxOrNull(holds_from))
            FROM reconciliation_requests FINAL WHERE answered = 2 AND holds_from IS NOT NULL
            """,
            cancellationToken: cancellation
        );
        await row.ReadAsync(cancellation);
        return new Holds(Moment(row.GetValue(0)), Convert.ToInt64(row.GetValue(1), CultureInfo.InvariantCulture), Moment(row.GetValue(2)));
    }

    /// <summary>The latest <c>data_as_of</c> of a summary's rows, microseconds since 1970 UTC; null where no row has one.</summary>
    public async Task<long?> ClaimAsync(string summary, CancellationToken cancellation) =>
        Moment(
            await client.ExecuteScalarAsync(
                $"SELECT toUnixTimestamp64Micro((SELECT maxOrNull(data_as_of) FROM {summary}))",
                cancellationToken: cancellation
            )
        );

    /// <summary>Asks for a refresh and returns at once. A refresh that runs is followed by another.</summary>
    public Task AskRefreshAsync(string summary, CancellationToken cancellation) =>
        client.ExecuteNonQueryAsync($"SYSTEM REFRESH VIEW {summary}_refresh", cancellationToken: cancellation);

    /// <summary>Returns when no refresh of the summary runs. May be repeated.</summary>
    /// <exception cref="ClickHouseServerException">The last refresh failed.</exception>
    public Task WaitAsync(string summary, CancellationToken cancellation) =>
        client.ExecuteNonQueryAsync($"SYSTEM WAIT VIEW {summary}_refresh", cancellationToken: cancellation);

    static long? Moment(object? answer) => answer is null or DBNull ? null : Convert.ToInt64(answer, CultureInfo.InvariantCulture);
}
