using Betting.Debezium;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Values;

/// <summary>
/// Times of bets that the table shows as the same are the same sorting key: a marker for one must not delete the row of the other.
/// </summary>
public sealed class ClampedKeyTests(Servers servers)
{
    readonly Made _made = new();

    [Theory]
    [InlineData("10000-01-01T00:00:00.000000Z", "20000-01-01T00:00:00.000000Z", "10000-01-01T00:00:00.000000Z")]
    [InlineData("10000-01-01T00:00:00.000000Z", "20000-01-01T00:00:00.000000Z", "30000-01-01T00:00:00.000000Z")]
    [InlineData("infinity", "10000-01-01T00:00:00.000000Z", "infinity")]
    [InlineData("infinity", "2026-01-01T00:00:00.000000Z", "20000-01-01T00:00:00.000000Z")]
    [InlineData("-infinity", "-0043-03-15T00:00:00.000000Z", "1800-01-01T00:00:00.000000Z")]
    [InlineData("1899-12-31T00:00:00.000000Z", "1900-01-01T00:00:00.000000Z", "-infinity")]
    public async Task A_bet_that_moves_among_them_has_one_row(params string[] times)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        StreamRecord[] changes =
        [
            .. times.Select((time, at) => _made.Bet(1, Made.Columns($"\"placed_at\":\"{time}\""), op: at == 0 ? "c" : "u")),
        ];
        foreach (var change in changes)
        {
            await sink.ReplayAsync([change]);
            Assert.Equal(["1"], await sink.QueryAsync("SELECT bet_id FROM bets_analytics"));
        }
        // Its user comes: the bet is one of those that a user's change brings.
        await sink.ReplayAsync([_made.User(1)]);
        Assert.Equal(["1|Ada"], await sink.QueryAsync("SELECT bet_id, user_name FROM bets_analytics"));
        // All at once, and as the statement inside ClickHouse says it, which rebuild uses.
        await using var fresh = await SinkUnderTest.CreateAsync(servers);
        await fresh.ReplayAsync(changes);
        Assert.Equal(["1"], await fresh.QueryAsync("SELECT bet_id FROM bets_analytics"));
        await fresh.Client.ExecuteNonQueryAsync("TRUNCATE TABLE bets_analytics_rows");
        await fresh.JoinInsideAsync([1]);
        Assert.Equal(["1"], await fresh.QueryAsync("SELECT bet_id FROM bets_analytics"));
    }
}
