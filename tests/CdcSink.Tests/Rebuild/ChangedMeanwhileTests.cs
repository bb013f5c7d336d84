using Betting.CdcSink.Rebuild;
using Betting.CdcSink.Write;
using Betting.Schema;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Rebuild;

/// <summary>Others who work on the table of rows while it is derived anew: <c>migrate</c>, an operator's ALTER, another rebuild.</summary>
public sealed class ChangedMeanwhileTests(Servers servers)
{
    const string Rows = "SELECT bet_id FROM bets_analytics ORDER BY bet_id";
    const string Leftovers = "SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, 'bets_analytics_rows_rebuild')";

    [Theory]
    [InlineData("ALTER TABLE bets_analytics_rows ADD INDEX added bet_amount TYPE minmax")]
    [InlineData("ALTER TABLE bets_analytics_rows MODIFY TTL toDateTime(placed_at) + INTERVAL 24 MONTH DELETE")]
    [InlineData("ALTER TABLE bets_analytics_rows ADD COLUMN added UInt8")]
    public async Task What_alters_the_rows_meanwhile_stays_and_the_rebuild_says_so(string change)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        using var changes = new ChangeStore(sink.Client);
        var made = new Made();
        await sink.ReplayAsync([made.Bet(1, Made.Columns()), made.Bet(2, Made.Columns())]);
        var said = new List<string>();
        using (var store = new RebuildStore(sink.Client, "first"))
        {
            var rebuild = new RowsRebuild(store, changes, null, 1, TimeProvider.System, line =>
            {
                said.Add(line);
                if (line.StartsWith("swapping", StringComparison.Ordinal))
                {
                    sink.QueryAsync(change).GetAwaiter().GetResult();
                }
            });

            Assert.Null(await rebuild.RunAsync(CancellationToken.None));
        }
        Assert.Contains(said, line => line.StartsWith("bets_analytics_rows was changed meanwhile", StringComparison.Ordinal));
        Assert.Equal(["1", "2"], await sink.QueryAsync(Rows));
        Assert.Empty(await sink.QueryAsync(Leftovers));
        var changed = await FormAsync(sink);
        using var again = new RebuildStore(sink.Client, "second");
        Assert.Equal(2, await new RowsRebuild(again, changes, null, 1, TimeProvider.System, said.Add).RunAsync(CancellationToken.None));
        Assert.Equal(changed, await FormAsync(sink));
        Assert.True(changed.Contains("added", StringComparison.Ordinal) || changed.Contains("toIntervalMonth(24)", StringComparison.Ordinal), changed);
    }

    [Fact]
    public async Task Of_rebuilds_that_begin_at_once_one_goes_on()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        using var changes = new ChangeStore(sink.Client);
        var made = new Made();
        await sink.ReplayAsync([.. Enumerable.Range(1, 200).Select(id => made.Bet(id, Made.Columns()))]);
        RebuildStore[] stores = [.. "abcd".Select(id => new RebuildStore(sink.Client, id.ToString()))];

        var ended = await Task.WhenAll(stores.Select(store => new RowsRebuild(store, changes, null, 10, TimeProvider.System, _ => { }).RunAsync(CancellationToken.None)));

        Assert.Equal(200, Assert.Single(ended, bets => bets is not null));
        Assert.Equal(["200"], await sink.QueryAsync("SELECT uniqExact(bet_id) FROM bets_analytics"));
        Assert.Empty(await sink.QueryAsync(Leftovers));
        Assert.Equal(["done|1", "failed|3"], await sink.QueryAsync("SELECT stage, count() FROM rebuilds FINAL GROUP BY stage ORDER BY stage"));
        Array.ForEach(stores, store => store.Dispose());
    }

    [Fact]
    public async Task What_expired_by_the_tables_own_rule_is_told_when_the_rule_is_taken_away()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.QueryAsync("ALTER TABLE bets_analytics_rows MODIFY TTL toDateTime(placed_at) + INTERVAL 12 MONTH DELETE");
        Assert.Contains("deletes rows after 12 months, and row_retention says that it keeps rows for ever", await RowStorage.WhatDiffersAsync(sink.ConnectionString, null, CancellationToken.None), StringComparison.Ordinal);

        Assert.True(await new RowStorage(null, "cold", 0, 0).ApplyAsync(sink.ConnectionString, null, CancellationToken.None));

        Assert.Null(await RowStorage.WhatDiffersAsync(sink.ConnectionString, null, CancellationToken.None));
        Assert.Equal(["0|1"], await sink.QueryAsync("SELECT months, gone_before > now() - INTERVAL 13 MONTH FROM row_retention FINAL WHERE of = 'bets_analytics_rows'"));
    }

    static async Task<string> FormAsync(SinkUnderTest sink) =>
        (await sink.QueryAsync("SELECT replaceRegexpOne(create_table_query, '^CREATE TABLE [^(]*', '') FROM system.tables WHERE database = currentDatabase() AND name = 'bets_analytics_rows'"))[0];
}
