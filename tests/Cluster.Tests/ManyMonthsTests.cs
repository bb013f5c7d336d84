using System.Globalization;
using Betting.Local.Engines;
using Xunit;

namespace Betting.Tests.Cluster;

/// <summary>Bets of more months than a ClickHouse server takes in one block, all the way from the published command.</summary>
[Collection(ClusterCollection.Name)]
public sealed class ManyMonthsTests(RunningCluster running)
{
    const int Months = 130;
    const long User = 7_100_000_000_000_000_011,
        Event = 7_100_000_000_000_000_017,
        FirstBet = 7_100_000_000_000_001_000;

    [Fact]
    public async Task Bets_of_130_months_published_at_once_are_in_ClickHouse_as_in_PostgreSQL()
    {
        await running.PublishAsync(
            "rabbitmq",
            [
                Command("register-user", 0, $"\"userId\":{User},\"name\":\"Old\""),
                Command("deposit", 0, $"\"userId\":{User},\"amount\":\"1000.00\""),
                Command(
                    "schedule-event",
                    0,
                    $"\"eventId\":{Event},\"name\":\"Long " + $"ago\",\"category\":\"Tennis\",\"startTime\":\"2027-01-01T12:00:00Z\""
                ),
                .. Enumerable
                    .Range(0, Months)
                    .Select(month =>
                        Command(
                            "place-bet",
                            month,
                            $"\"betId\":{FirstBet + month},\"userId\":{User},\"eventId\":{Event},\"amount\":\"1.00\""
                        )
                    ),
            ]
        );

        var sql =
            $"SELECT count(), uniqExact(toStartOfMonth(placed_at)) FROM bets_analytics WHERE user_id = {User} AND user_name = "
            + $"'Old' AND event_name = 'Long ago'";
        await Deadline.UntilAsync("130 bets of 130 months", TimeSpan.FromSeconds(120), async () =>
        {
            await using var row = await running.Cluster.ClickHouse.ExecuteReaderAsync(
                sql,
                cancellationToken: TestContext.Current.CancellationToken
            );
            await row.ReadAsync(TestContext.Current.CancellationToken);
            return Convert.ToInt64(row.GetValue(0), CultureInfo.InvariantCulture) == Months
                && Convert.ToInt64(row.GetValue(1), CultureInfo.InvariantCulture) == Months;
        });
        var (code, output) = await running.Cluster.ReconcileAsync();
        Assert.True(code == 0, output);
    }

    static string Command(string kind, int month, string fields)
    {
        var issued = new DateTime(2014, 1, 15, 12, 0, 0, DateTimeKind.Utc)
            .AddMonths(month)
            .ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        return $$"""{"v":1,"kind":"{{kind}}","id":"{{Guid.NewGuid()}}","issuedAt":"{{issued}}",{{fields}}}""";
    }
}
