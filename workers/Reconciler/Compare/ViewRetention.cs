using ClickHouse.Driver;

namespace Betting.Reconciler.Compare;

/// <summary>
/// How far back the view still has to have everything. Where <c>CdcSink migrate --keep</c> lets old rows go, they are no drift: they go as
/// merges come to them, so what is older than the rule may be there or not and is left out. What went under a former, shorter rule is left
/// out too, until <c>CdcSink rebuild --all</c>. The changes are kept whole and compared whole.
/// </summary>
static class ViewRetention
{
    /// <returns>The moment from which on rows are compared; null where all are kept.</returns>
    public static async Task<DateTime?> FromAsync(ClickHouseClient client, CancellationToken cancellation)
    {
        await using var rows = await client.ExecuteReaderAsync(
            """
            SELECT toInt32(max(months)), toInt64(toUnixTimestamp(now())), ifNull(maxOrNull(toUnixTimestamp64Milli(gone_before)), toInt64(0))
            FROM row_retention FINAL WHERE of = 'bets_analytics_rows'
            """,
            cancellationToken: cancellation
        );
        await rows.ReadAsync(cancellation);
        // A day more, for a run that lasts.
        var at = DateTime.UnixEpoch.AddSeconds(rows.GetInt64(1)).AddDays(1);
        var gone = DateTime.UnixEpoch.AddMilliseconds(rows.GetInt64(2));
        return Later(rows.GetInt32(0) is > 0 and var months ? WholeDays(at, months) : null, gone > DateTime.UnixEpoch ? gone : null);
    }

    /// <summary>
    /// The beginning of the first day of which no row has expired. A row expires at placed_at + months, which is cut to the last day of a
    /// shorter month: on that day the rows of all later days of the longer month expire as well.
    /// </summary>
    public static DateTime WholeDays(DateTime at, int months)
    {
        var expired = at.AddMonths(-months);
        return at.Day == DateTime.DaysInMonth(at.Year, at.Month)
            ? new DateTime(expired.Year, expired.Month, 1, 0, 0, 0, DateTimeKind.Utc).AddMonths(1)
            : expired.Date.AddDays(1);
    }

    static DateTime? Later(DateTime? one, DateTime? other) => other is null || one > other ? one : other;
}
