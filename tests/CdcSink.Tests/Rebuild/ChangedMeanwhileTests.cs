using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Rebuild;
using Betting.Schema;
using Betting.Tests.Fixtures;
using ClickHouse.Driver;
using ClickHouse.Driver.ADO;
using Xunit;

namespace Betting.Tests.CdcSink.Rebuild;

/// <summary>Others who work on the table of rows while it is derived anew: <c>migrate</c>, an operator's ALTER, another rebuild.</summary>
public sealed class ChangedMeanwhileTests(Servers servers)
{
    const string Rows = "SELECT bet_id FROM bets_analytics ORDER BY bet_id";
    const string Leftovers =
        "SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, 'bets_analytics_rows_rebuild')";

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
        Assert.True(
            changed.Contains("added", StringComparison.Ordinal) || changed.Contains("toIntervalMonth(24)", StringComparison.Ordinal),
            changed
        );
    }

    /// <summary>
    /// Between the last look at the table and the exchange: the table that readers have is the one that was altered, again.
    /// </summary>
    [Fact]
    public async Task What_alters_the_rows_just_before_the_exchange_makes_the_rebuild_exchange_them_back()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        using var changes = new ChangeStore(sink.Client);
        var made = new Made();
        await sink.ReplayAsync([made.Bet(1, Made.Columns()), made.Bet(2, Made.Columns())]);
        using var wire = new BeforeRequest(IsExchangeAsync, () =>
            sink.QueryAsync("ALTER TABLE bets_analytics_rows ADD COLUMN added UInt8")
        );
        using var client = new ClickHouseClient(
            new ClickHouseClientSettings(sink.Client.Settings) { HttpClient = new HttpClient(wire), UseCompression = false }
        );
        using var store = new RebuildStore(client, "back");
        var said = new List<string>();

        Assert.Null(await new RowsRebuild(store, changes, null, 1, TimeProvider.System, said.Add).RunAsync(CancellationToken.None));

        Assert.Equal(2, wire.Count);
        Assert.Contains(said, line => line.StartsWith("bets_analytics_rows was changed meanwhile", StringComparison.Ordinal));
        Assert.Contains("added", await FormAsync(sink), StringComparison.Ordinal);
        Assert.Equal(["1", "2"], await sink.QueryAsync(Rows));
        Assert.Empty(await sink.QueryAsync(Leftovers));
        Assert.Equal(["failed"], await sink.QueryAsync("SELECT stage FROM rebuilds FINAL"));
    }

    [Fact]
    public async Task Of_rebuilds_that_begin_at_once_one_goes_on()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        using var changes = new ChangeStore(sink.Client);
        var made = new Made();
        await sink.ReplayAsync([.. Enumerable.Range(1, 200).Select(id => made.Bet(id, Made.Columns()))]);
        RebuildStore[] stores = [.. "abcd".Select(id => new RebuildStore(sink.Client, id.ToString()))];

        var ended = await Task.WhenAll(
            stores.Select(store =>
                new RowsRebuild(store, changes, null, 10, TimeProvider.System, _ => { }).RunAsync(CancellationToken.None)
            )
        );

        Assert.Equal(200, Assert.Single(ended, bets => bets is not null));
        Assert.Equal(["200"], await sink.QueryAsync("SELECT uniqExact(bet_id) FROM bets_analytics"));
        Assert.Empty(await sink.QueryAsync(Leftovers));
        Assert.Equal(
            ["done|1", "failed|3"],
            await sink.QueryAsync("SELECT stage, count() FROM rebuilds FINAL GROUP BY stage ORDER BY stage")
        );
        Array.ForEach(stores, store => store.Dispose());
    }

    [Fact]
    public async Task After_a_rebuild_that_was_cut_off_at_its_swap_only_all_months_are_derived_anew()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        using var changes = new ChangeStore(sink.Client);
        await sink.ReplayAsync([new Made().Bet(1, Made.Columns())]);
        await sink.QueryAsync("CREATE TABLE bets_analytics_rows_rebuild_cut AS bets_analytics_rows");
        await sink.QueryAsync(
            "INSERT INTO rebuilds (id, started_at, heard_at, stage, bets_done, bets) VALUES ('cut', now64(6), "
                + "now64(6) - INTERVAL 1 MINUTE, 'swapping', 1, 1)"
        );
        var said = new List<string>();

        using (var store = new RebuildStore(sink.Client, "month"))
        {
            Assert.Null(
                await new RowsRebuild(
                    store,
                    changes,
                    new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc),
                    1,
                    TimeProvider.System,
                    said.Add
                ).RunAsync(CancellationToken.None)
            );
        }
        Assert.Contains(said, line =>
            line.EndsWith("bets_analytics_rows_rebuild_cut may have rows that are missing now: run it with --all", StringComparison.Ordinal)
        );
        Assert.Equal(["bets_analytics_rows_rebuild_cut"], await sink.QueryAsync(Leftovers));
        using (var store = new RebuildStore(sink.Client, "all"))
        {
            Assert.Equal(1, await new RowsRebuild(store, changes, null, 1, TimeProvider.System, said.Add).RunAsync(CancellationToken.None));
        }
        Assert.Empty(await sink.QueryAsync(Leftovers));
        Assert.Equal(["1"], await sink.QueryAsync(Rows));
    }

    [Fact]
    public async Task From_the_first_month_that_is_shown_on_bets_before_it_stay()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        using var changes = new ChangeStore(sink.Client);
        var made = new Made();
        await sink.ReplayAsync([made.Bet(1, Made.Columns("\"placed_at\":\"1850-01-01T00:00:00.000000Z\"")), made.Bet(2, Made.Columns())]);
        using var store = new RebuildStore(sink.Client, "first");

        Assert.Equal(
            2,
            await new RowsRebuild(store, changes, new DateTime(1900, 1, 1, 0, 0, 0, DateTimeKind.Utc), 10, TimeProvider.System, _ =>
            { }).RunAsync(CancellationToken.None)
        );

        Assert.Equal(["1", "2"], await sink.QueryAsync(Rows));
    }

    [Fact]
    public async Task What_expired_by_the_tables_own_rule_is_told_when_the_rule_is_taken_away()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        await sink.QueryAsync("ALTER TABLE bets_analytics_rows MODIFY TTL toDateTime(placed_at) + INTERVAL 12 MONTH DELETE");
        Assert.Contains(
            "deletes rows after 12 months, and row_retention says that it keeps rows for ever",
            await RowStorage.WhatDiffersAsync(sink.ConnectionString, null, CancellationToken.None),
            StringComparison.Ordinal
        );

        Assert.True(await new RowStorage(null, "cold", 0, 0).ApplyAsync(sink.ConnectionString, null, CancellationToken.None));

        Assert.Null(await RowStorage.WhatDiffersAsync(sink.ConnectionString, null, CancellationToken.None));
        Assert.Equal(
            ["0|1"],
            await sink.QueryAsync(
                "SELECT months, gone_before > now() - INTERVAL 13 MONTH FROM row_retention FINAL WHERE of = 'bets_analytics_rows'"
            )
        );
    }

    static async Task<string> FormAsync(SinkUnderTest sink) =>
        (
            await sink.QueryAsync(
                "SELECT replaceRegexpOne(create_table_query, '^CREATE TABLE [^(]*', '') FROM system.tables WHERE "
                    + "database = currentDatabase() AND name = 'bets_analytics_rows'"
            )
        )[0];

    static async Task<bool> IsExchangeAsync(HttpRequestMessage request) =>
        request.Content is { } content && (await content.ReadAsStringAsync()).StartsWith("EXCHANGE TABLES", StringComparison.Ordinal);
}
