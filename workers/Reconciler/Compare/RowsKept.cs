using System.Globalization;
using ClickHouse.Driver;

namespace Betting.Reconciler.Compare;

/// <summary>
/// How far back the view still has to have everything. Where <c>CdcSink migrate --keep</c> lets old rows go, they are no drift: they go as
/// merges come to them, so what is older than the rule may be there or not and is left out. The changes are kept whole and compared whole.
/// </summary>
static class RowsKept
{
    /// <returns>The moment from which on rows are compared; null where all are kept.</returns>
    public static async Task<DateTime?> FromAsync(ClickHouseClient client, CancellationToken cancellation)
    {
        // A day more, for a run that lasts.
        var from = await client.ExecuteScalarAsync(
            """
            SELECT if(max(months) = 0, 0, toInt64(toUnixTimestamp(now() - toIntervalMonth(max(months)) + INTERVAL 1 DAY)))
            FROM row_retention FINAL WHERE of = 'bets_analytics_rows'
            """, cancellationToken: cancellation);
        var seconds = Convert.ToInt64(from, CultureInfo.InvariantCulture);
        return seconds == 0 ? null : DateTime.UnixEpoch.AddSeconds(seconds);
    }
}
