using Betting.Local.Engines;
using Betting.Schema;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Storage;

/// <summary>Cold storage and expiry of the rows, on the real engine with a second disk.</summary>
public sealed class RowStorageTests(Servers servers)
{
    const string Disks =
        "SELECT partition, disk_name FROM system.parts WHERE active AND database = currentDatabase() AND table = "
        + "'bets_analytics_rows' ORDER BY partition";

    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task Old_rows_go_to_the_cold_volume_and_expired_ones_go_and_the_changelog_stays_whole()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var now = TimeProvider.System.GetUtcNow();
        var made = new Made();
        await sink.ReplayAsync(
            new[] { now, now.AddMonths(-30), now.AddMonths(-90) }.Select(
                (placed, id) => made.Bet(id + 1, Made.Columns($"\"placed_at\":\"{placed:yyyy-MM-ddTHH:mm:ss.ffffff}Z\""))
            )
        );
        string Partition(int months) => $"{now.AddMonths(months):yyyyMM}";

        await new RowStorage("tiered", "cold", 24, 84).ApplyAsync(sink.ConnectionString, null, CancellationToken.None);
        await sink.Client.ExecuteNonQueryAsync("ALTER TABLE bets_analytics_rows MATERIALIZE TTL SETTINGS mutations_sync = 2");

        await Deadline.UntilAsync("the old month on the cold disk", Limit, async () =>
            (await sink.QueryAsync(Disks)).SequenceEqual([$"{Partition(-30)}|cold", $"{Partition(0)}|default"])
        );
        Assert.Equal(["1", "2"], await sink.QueryAsync("SELECT bet_id FROM bets_analytics ORDER BY bet_id"));
        Assert.Equal(["3"], await sink.QueryAsync("SELECT uniqExact(id) FROM bet_changes"));
        Assert.Equal(["84"], await sink.QueryAsync("SELECT months FROM row_retention FINAL"));
        Assert.Null(await RowStorage.WhatDiffersAsync(sink.ConnectionString, null, CancellationToken.None));
        await sink.Client.ExecuteNonQueryAsync("ALTER TABLE bets_analytics_rows REMOVE TTL");
        Assert.StartsWith(
            "bets_analytics_rows keeps rows for ever, and row_retention says that it deletes rows after 84 months",
            await RowStorage.WhatDiffersAsync(sink.ConnectionString, null, CancellationToken.None),
            StringComparison.Ordinal
        );

        // Again, and then away with it.
        await new RowStorage("tiered", "cold", 24, 84).ApplyAsync(sink.ConnectionString, null, CancellationToken.None);
        await new RowStorage(null, "cold", 0, 0).ApplyAsync(sink.ConnectionString, null, CancellationToken.None);
        await new RowStorage(null, "cold", 0, 0).ApplyAsync(sink.ConnectionString, null, CancellationToken.None);
        Assert.DoesNotContain(
            "TTL",
            (
                await sink.QueryAsync(
                    "SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = 'bets_analytics_rows'"
                )
            )[0],
            StringComparison.Ordinal
        );
        Assert.Equal(["0"], await sink.QueryAsync("SELECT months FROM row_retention FINAL"));
        Assert.Null(await RowStorage.WhatDiffersAsync(sink.ConnectionString, null, CancellationToken.None));
        // A rule of the volume alone is none.
        await new RowStorage("tiered", "cold", 24, 0).ApplyAsync(sink.ConnectionString, null, CancellationToken.None);
        Assert.Null(await RowStorage.WhatDiffersAsync(sink.ConnectionString, null, CancellationToken.None));
    }

    [Fact]
    public async Task A_bet_placed_at_either_end_of_time_is_as_old_as_it_says()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var made = new Made();
        await sink.ReplayAsync(
            new[] { "1850-01-01T00:00:00.000000Z", "2250-01-01T00:00:00.000000Z", "2110-01-01T00:00:00.000000Z" }.Select(
                (placed, id) => made.Bet(id + 1, Made.Columns($"\"placed_at\":\"{placed}\""))
            )
        );

        await new RowStorage(null, "cold", 0, 84).ApplyAsync(sink.ConnectionString, null, CancellationToken.None);
        await sink.Client.ExecuteNonQueryAsync("ALTER TABLE bets_analytics_rows MATERIALIZE TTL SETTINGS mutations_sync = 2");

        await Deadline.UntilAsync("the old one gone", Limit, async () =>
            (await sink.QueryAsync("SELECT bet_id FROM bets_analytics ORDER BY bet_id")).SequenceEqual(["2", "3"])
        );
    }

    [Fact]
    public async Task A_cluster_gets_the_same_on_its_shards_and_ClickHouse_can_read_it()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var statements = new RowStorage("tiered", "cold", 24, 84).Statements("betting", hasRules: false).ToList();

        Assert.Equal(3, statements.Count);
        Assert.StartsWith("INSERT INTO row_retention ", statements[1], StringComparison.Ordinal);
        Assert.All(statements.Where((_, place) => place != 1), statement =>
            Assert.StartsWith("ALTER TABLE bets_analytics_rows_local ON CLUSTER `betting` MODIFY ", statement, StringComparison.Ordinal)
        );
        foreach (var statement in statements)
        {
            Assert.NotNull(
                await sink.Client.ExecuteScalarAsync($"SELECT formatQuery('{statement.Replace("'", "''", StringComparison.Ordinal)}')")
            );
        }
    }

    [Theory]
    [InlineData("24mo", 24)]
    [InlineData("7y", 84)]
    [InlineData("never", 0)]
    [InlineData("0mo", null)]
    [InlineData("36y", 432)]
    [InlineData("432mo", 432)]
    [InlineData("37y", null)]
    [InlineData("433mo", null)]
    [InlineData("24", null)]
    [InlineData("1d", null)]
    [InlineData("-3mo", null)]
    public void Ages_are_months_or_years(string text, int? months) => Assert.Equal(months, RowStorage.Months(text));

    // A kill between the two must not leave rows that went and of which nobody is told.
    [Theory]
    [InlineData(0, 84, "INSERT, ALTER")]
    [InlineData(84, 24, "INSERT, ALTER")]
    [InlineData(84, 84, "INSERT, ALTER")]
    [InlineData(24, 84, "ALTER, INSERT")]
    [InlineData(24, 0, "ALTER, INSERT")]
    [InlineData(0, 0, "INSERT, ALTER")]
    public void Readers_are_told_of_a_shorter_rule_before_it_is_in_force_and_of_a_longer_one_after_it(int former, int keep, string order)
    {
        var storage = new RowStorage(null, "cold", 0, keep);

        Assert.Equal(
            order,
            string.Join(
                ", ",
                storage
                    .Statements(null, hasRules: true, former)
                    .Select(statement => statement[..statement.IndexOf(' ', StringComparison.Ordinal)])
            )
        );
        Assert.Equal(order == "ALTER, INSERT", storage.IsLonger(former));
    }

    [Fact]
    public void A_rule_that_cannot_be_is_refused()
    {
        Assert.Throws<SchemaException>(() => new RowStorage("x'; DROP TABLE a", "cold", null, null).Statements(null, false).ToList());
        Assert.Throws<SchemaException>(() => new RowStorage(null, "co ld", 1, 2).Statements(null, false).ToList());
        Assert.Throws<SchemaException>(() => new RowStorage(null, "cold", 24, null).Statements(null, false).ToList());
        Assert.Throws<SchemaException>(() => new RowStorage(null, "cold", 24, 24).Statements(null, false).ToList());
    }
}
