using Betting.CdcSink;
using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Join;
using Betting.Debezium;
using Betting.Tests.Fixtures;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO;
using Xunit;

namespace Betting.Tests.CdcSink.Join;

/// <summary>
/// Two writers make different rows of one version: a column is filled in from an older change that one of them does not see yet. Its row is
/// inserted last.
/// </summary>
public sealed class EqualVersionTests(Servers servers)
{
    const string WithoutName = "\"name\":\"__debezium_unavailable_value\",\"created_at\":\"2025-01-01T00:00:00.000000Z\"";

    [Theory]
    // The name that the slower writer sees: that of an older change, or none.
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_row_that_stays_is_the_one_that_the_stored_changes_say(bool hasOlderName)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var made = new Made();
        await sink.ReplayAsync([
            .. hasOlderName ? [made.User(1)] : Array.Empty<StreamRecord>(),
            made.Event(1),
            made.Bet(1, Made.Columns()),
        ]);
        var (late, newest) = (
            made.User(1, "\"name\":\"Grace\",\"created_at\":\"2025-01-01T00:00:00.000000Z\"", op: "u"),
            made.User(1, WithoutName, op: "u")
        );
        await sink.ReplayAsync([newest]);
        using var wire = BeforeRows(() => sink.ReplayAsync([late]));
        using var client = new ClickHouseClient(new ClickHouseClientSettings(sink.Client.Settings) { HttpClient = new HttpClient(wire) });
        using var store = new ChangeStore(client);

        await new BetJoin(store, new CdcSinkOptions(), sink.Metrics, TimeProvider.System).JoinAsync(
            new long[] { 1 },
            CancellationToken.None
        );

        Assert.Equal(2, wire.Count);
        Assert.Equal(["Grace|[]"], await sink.QueryAsync("SELECT user_name, toString(marks) FROM bets_analytics"));
    }

    [Fact]
    public async Task Where_no_other_change_came_meanwhile_nothing_is_inserted_twice()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var made = new Made();
        await sink.ReplayAsync([made.User(1), made.Event(1), made.Bet(1, Made.Columns()), made.User(1, WithoutName, op: "u")]);
        using var wire = BeforeRows(() => Task.CompletedTask);
        using var client = new ClickHouseClient(new ClickHouseClientSettings(sink.Client.Settings) { HttpClient = new HttpClient(wire) });
        using var store = new ChangeStore(client);

        await new BetJoin(store, new CdcSinkOptions(), sink.Metrics, TimeProvider.System).JoinAsync(
            new long[] { 1 },
            CancellationToken.None
        );

        Assert.Equal(1, wire.Count);
        Assert.Equal(["Ada"], await sink.QueryAsync("SELECT user_name FROM bets_analytics"));
    }

    static BeforeRequest BeforeRows(Func<Task> first) =>
        new(
            request =>
            {
                var query = Uri.UnescapeDataString(request.RequestUri!.Query);
                return Task.FromResult(
                    query.Contains("INSERT", StringComparison.Ordinal) && query.Contains("bets_analytics_rows", StringComparison.Ordinal)
                );
            },
            first
        );
}
