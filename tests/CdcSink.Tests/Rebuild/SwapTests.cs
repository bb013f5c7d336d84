using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Rebuild;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Rebuild;

/// <summary>The moment that matters of a rebuild: what replicas write after the rows were filled and before they are swapped in.</summary>
public sealed class SwapTests(Servers servers)
{
    [Fact]
    public async Task What_is_written_between_the_filling_and_the_swap_is_among_the_new_rows()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        using var changes = new ChangeStore(sink.Client);
        using var store = new RebuildStore(sink.Client, "swap");
        var made = new Made();
        await sink.ReplayAsync([made.Bet(1, Made.Columns()), made.Bet(2, Made.Columns())]);
        var written = false;
        var rebuild = new RowsRebuild(store, changes, null, 1, TimeProvider.System, said =>
        {
            if (!written && said.StartsWith("swapping", StringComparison.Ordinal))
            {
                written = true;
                Write(sink, made);
            }
        });

        Assert.Equal(2, await rebuild.RunAsync(CancellationToken.None));

        Assert.True(written);
        Assert.Equal(
            ["1|SETTLED", "2|OPEN", "3|OPEN"],
            await sink.QueryAsync("SELECT bet_id, bet_status FROM bets_analytics ORDER BY bet_id")
        );
        Assert.Equal("done|2|2", Assert.Single(await sink.QueryAsync("SELECT stage, bets_done, bets FROM rebuilds FINAL")));
    }

    // As a replica would, while the rebuild stands still.
    static void Write(SinkUnderTest sink, Made made) =>
        sink.ReplayAsync([made.Bet(1, Made.Columns("\"status\":\"SETTLED\""), op: "u"), made.Bet(3, Made.Columns())])
            .GetAwaiter()
            .GetResult();
}
