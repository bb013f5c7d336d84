using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Values;

/// <summary>The source's tables change in the middle of a stream.</summary>
public sealed class SchemaChangeTests(Servers servers)
{
    const string Rows =
        "SELECT bet_id, bet_status, toDecimalString(bet_amount, 2), ifNull(toDecimalString(payout, 2), '-'), "
        + "arrayStringConcat(marks, ' ') FROM bets_analytics ORDER BY bet_id";

    [Fact]
    public async Task A_new_column_changes_nothing_also_within_one_batch_with_records_from_before()
    {
        // PR 1353 of clickhouse-sink-connector: the new column's default was written over rows that had a value.
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var made = new Made();
        await sink.ReplayAsync([
            made.Bet(1, Made.Columns()),
            made.Bet(2, Made.Columns("\"odds\":{\"deep\":[1]}")),
            made.Bet(1, Made.Columns("\"odds\":2.5", "\"status\":\"SETTLED\"", "\"payout\":\"25.00\""), op: "u"),
        ]);
        Assert.Equal(["1|SETTLED|10.00|25.00|", "2|OPEN|10.00|-|"], await sink.QueryAsync(Rows));
    }

    [Fact]
    public async Task A_dropped_column_keeps_what_was_known_and_a_row_that_never_had_it_says_so()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var made = new Made();
        string Without(string columns) =>
            columns
                .Replace(",\"payout\":\"25.00\"", "", StringComparison.Ordinal)
                .Replace(",\"payout\":null", "", StringComparison.Ordinal);
        await sink.ReplayAsync([
            made.Bet(1, Made.Columns("\"payout\":\"25.00\"")),
            made.Bet(1, Without(Made.Columns("\"status\":\"SETTLED\"")), op: "u"),
            made.Bet(2, Without(Made.Columns())),
        ]);
        Assert.Equal(["1|SETTLED|10.00|25.00|", "2|OPEN|10.00|-|payout"], await sink.QueryAsync(Rows));
    }

    [Fact]
    public async Task A_renamed_column_is_a_dropped_and_a_new_one_and_no_amount_becomes_zero_unseen()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var made = new Made();
        string Renamed(string columns) => columns.Replace("\"amount\"", "\"stake\"", StringComparison.Ordinal);
        await sink.ReplayAsync([
            made.Bet(1, Made.Columns()),
            made.Bet(1, Renamed(Made.Columns("\"status\":\"CANCELLED\"")), op: "u"),
            made.Bet(2, Renamed(Made.Columns())),
        ]);
        Assert.Equal(["1|CANCELLED|10.00|-|", "2|OPEN|0.00|-|bet_amount"], await sink.QueryAsync(Rows));
    }

    [Fact]
    public async Task Retyped_columns_are_read_in_their_new_form()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var made = new Made();
        await sink.ReplayAsync([
            made.Bet(1, Made.Columns()),
            made.Bet(1, Made.Columns("\"amount\":12.5", "\"user_id\":\"1\"", "\"status\":3"), op: "u"),
            made.Bet(2, Made.Columns("\"amount\":{\"scale\":1,\"value\":\"fQ==\"}", "\"placed_at\":\"2026-01-01T12:00:00+02:00\"")),
        ]);
        Assert.Equal(["1|3|12.50|-|bet_status", "2|OPEN|12.50|-|"], await sink.QueryAsync(Rows));
        Assert.Equal(
            ["1767261600000000"],
            await sink.QueryAsync("SELECT DISTINCT toString(toUnixTimestamp64Micro(placed_at)) FROM bets_analytics")
        );
    }

    [Fact]
    public async Task Ids_turn_from_numbers_into_texts_and_stay_the_same_rows()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var made = new Made();
        await sink.ReplayAsync([
            made.User(7),
            made.Bet(5, Made.Columns("\"user_id\":7")),
            made.Change(
                "bets",
                "u",
                "{\"id\":\"5\"," + Made.Columns("\"user_id\":\"7\"", "\"status\":\"CANCELLED\"") + "}",
                "{\"id\":\"5\"}"
            ),
        ]);
        Assert.Equal(["5|CANCELLED|Ada"], await sink.QueryAsync("SELECT bet_id, bet_status, user_name FROM bets_analytics"));
    }
}
