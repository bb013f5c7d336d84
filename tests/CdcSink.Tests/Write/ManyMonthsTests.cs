using System.Globalization;
using Betting.CdcSink;
using Betting.Debezium;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Write;

/// <summary>Bets of more months than a server takes in one block of an insert, with the server's default limits.</summary>
public sealed class ManyMonthsTests(Servers servers)
{
    const int Months = 120;
    const string Rows =
        "SELECT count(), uniqExact(bet_id), uniqExact(toYYYYMM(placed_at)), groupUniqArray(user_name)[1], "
        + "toInt64(sum(bet_amount)) FROM bets_analytics";

    [Fact]
    public async Task Bets_of_120_months_in_one_batch_are_there_at_once()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);

        await sink.ReplayAsync(Bets(new Made()));

        Assert.Equal(["120|120|120|Ada|1200"], await sink.QueryAsync(Rows));
        Assert.Null(sink.Readings.Of("cdcsink.retries", "code=252"));
        Assert.Empty(sink.DeadLetters);
    }

    [Fact]
    public async Task A_user_with_bets_in_120_months_is_renamed()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers, new CdcSinkOptions { BatchRecords = 20 });
        var made = new Made();
        await sink.ReplayAsync(Bets(made));

        await sink.ReplayAsync([made.User(1, "\"name\":\"renamed\",\"created_at\":\"2025-01-01T00:00:00.000000Z\"", "u")]);

        Assert.Equal(["120|120|120|renamed|1200"], await sink.QueryAsync(Rows));
        Assert.Null(sink.Readings.Of("cdcsink.retries", "code=252"));
    }

    [Fact]
    public async Task Truncated_bets_of_4000_months_are_gone_and_come_again()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var made = new Made();
        await sink.ReplayAsync([made.User(1), .. Enumerable.Range(0, 4_000).Select(each => Bet(made, each, 1900))]);
        Assert.Equal(["4000|4000|4000|Ada|40000"], await sink.QueryAsync(Rows));

        await sink.ReplayAsync([made.Change("bets", "t", null, "") with { Key = null }, Bet(made, 7, 1900)]);

        Assert.Equal(["1|1|1|Ada|10"], await sink.QueryAsync(Rows));
        Assert.Empty(sink.DeadLetters);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public async Task A_server_with_a_lower_limit_is_served_too(int limit)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers, settings: $"set_max_partitions_per_insert_block={limit}");
        var made = new Made();

        await sink.ReplayAsync([.. Bets(made), made.User(1, "\"name\":\"renamed\",\"created_at\":\"2025-01-01T00:00:00.000000Z\"", "u")]);

        Assert.Equal(["120|120|120|renamed|1200"], await sink.QueryAsync(Rows));
        Assert.Null(sink.Readings.Of("cdcsink.retries", "code=252"));
    }

    [Fact]
    public async Task The_join_inside_ClickHouse_writes_by_month()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        using var changes = sink.Batch(Bets(new Made()));
        await sink.InsertChangesAsync(changes);

        await sink.JoinInsideAsync([.. Enumerable.Range(1, Months).Select(id => (long)id)]);

        Assert.Equal(["120|120|120|Ada|1200"], await sink.QueryAsync(Rows));
        Assert.Equal(["120"], await sink.QueryAsync("SELECT count() FROM bets_analytics_rows"));
    }

    [Fact]
    public async Task Rows_of_120_months_wait_while_a_month_has_too_many_parts()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers, new CdcSinkOptions { RetryPause = TimeSpan.FromMilliseconds(100) });
        var made = new Made();
        await sink.ReplayAsync([made.User(1)]);
        await sink.Client.ExecuteNonQueryAsync("SYSTEM STOP MERGES bets_analytics_rows");
        await sink.Client.ExecuteNonQueryAsync(
            "ALTER TABLE bets_analytics_rows MODIFY SETTING parts_to_delay_insert = 0, parts_to_throw_insert = 2"
        );
        foreach (var id in (long[])[901, 902])
        {
            await sink.ReplayAsync([Bet(made, 0, 2015, id)]);
        }

        var applying = sink.ReplayAsync(Bets(made));
        await Deadline.UntilAsync("some attempts", TimeSpan.FromSeconds(60), () =>
            Task.FromResult(sink.Readings.Of("cdcsink.retries", "code=252") >= 3)
        );
        Assert.False(applying.IsCompleted);
        await sink.Client.ExecuteNonQueryAsync(
            "ALTER TABLE bets_analytics_rows RESET SETTING parts_to_delay_insert, parts_to_throw_insert"
        );
        await applying.WaitAsync(TimeSpan.FromSeconds(60));

        Assert.Equal(["122|122|120|Ada|1220"], await sink.QueryAsync(Rows));
        Assert.Empty(sink.DeadLetters);
    }

    static List<StreamRecord> Bets(Made made) =>
        [made.User(1), made.Event(1), .. Enumerable.Range(0, Months).Select(month => Bet(made, month, 2015))];

    static StreamRecord Bet(Made made, int month, int year, long? id = null) =>
        made.Bet(
            id ?? month + 1,
            Made.Columns(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"\"placed_at\":\"{year + month / 12:D4}-{1 + month % 12:D2}-15T12:00:00.000000Z\""
                )
            )
        );
}
