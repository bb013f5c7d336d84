using Betting.Debezium;
using Betting.Tests.Fixtures;
using Xunit;

namespace Betting.Tests.CdcSink.Values;

/// <summary>The table of rules of docs/cdcsink.md, row by row: what is shown, that it is marked, and what the changelog keeps.</summary>
public sealed class ValueRuleTests(Servers servers)
{
    [Fact]
    public async Task Every_rule_for_values_that_cannot_be_shown_holds()
    {
        (string Replaced, string Column, string Shown, string Mark, string Original)[] rules =
        [
            ("\"amount\":\"NAN\"", "toString(bet_amount)", "0", "bet_amount", "amount=NAN"),
            ("\"amount\":\"POSITIVE_INFINITY\"", "toString(bet_amount)", "9999999999999999.99", "bet_amount", "amount=POSITIVE_INFINITY"),
            ("\"amount\":\"NEGATIVE_INFINITY\"", "toString(bet_amount)", "-9999999999999999.99", "bet_amount", "amount=NEGATIVE_INFINITY"),
            (
                "\"amount\":\"123456789012345678901.5\"",
                "toString(bet_amount)",
                "9999999999999999.99",
                "bet_amount",
                "amount=123456789012345678901.5"
            ),
            ("\"amount\":\"6.255\"", "toString(bet_amount)", "6.26", "bet_amount", "amount=6.255"),
            ("\"amount\":null", "toString(bet_amount)", "0", "bet_amount", "amount=null"),
            ("\"payout\":\"NaN\"", "toString(payout)", "0", "payout", "payout=NaN"),
            ("\"payout\":null", "payout", "NULL", "", ""),
            ("\"placed_at\":\"infinity\"", "toString(placed_at)", "2299-12-31 23:59:59.999999", "placed_at", "placed_at=infinity"),
            ("\"placed_at\":\"-infinity\"", "toString(placed_at)", "1900-01-01 00:00:00.000000", "placed_at", "placed_at=-infinity"),
            (
                "\"placed_at\":\"-0043-03-15T00:00:00.000000Z\"",
                "toString(placed_at)",
                "1900-01-01 00:00:00.000000",
                "placed_at",
                "placed_at=-0043-03-15T00:00:00.000000Z"
            ),
            (
                "\"placed_at\":\"+294276-12-31T23:59:59.000000Z\"",
                "toString(placed_at)",
                "2299-12-31 23:59:59.999999",
                "placed_at",
                "placed_at=+294276-12-31T23:59:59.000000Z"
            ),
            (
                "\"settled_at\":\"2300-01-01T00:00:00.000000Z\"",
                "toString(settled_at)",
                "2299-12-31 23:59:59.999999",
                "settled_at",
                "settled_at=2300-01-01T00:00:00.000000Z"
            ),
            ("\"settled_at\":null", "settled_at", "NULL", "", ""),
            ("\"status\":\"VOID\"", "bet_status", "VOID", "bet_status", ""),
            ("\"status\":null", "bet_status", "", "bet_status", "status=null"),
            ("\"status\":7", "bet_status", "7", "bet_status", ""),
            ("\"user_id\":-1", "toString(user_id)", "-1", "", ""),
            ("\"event_id\":\"9223372036854775807\"", "toString(event_id)", "9223372036854775807", "", ""),
        ];
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var made = new Made();
        await sink.ReplayAsync(rules.Select((rule, at) => made.Bet(at + 1, Made.Columns(rule.Replaced))));
        Assert.Empty(sink.DeadLetters);
        for (var at = 0; at < rules.Length; at++)
        {
            var (replaced, column, shown, mark, original) = rules[at];
            var row = Assert.Single(
                await sink.QueryAsync($"SELECT {column}, arrayStringConcat(marks, ' ') FROM bets_analytics WHERE bet_id = {at + 1}")
            );
            var kept = Assert.Single(
                await sink.QueryAsync(
                    $"SELECT arrayStringConcat(arrayMap(pair -> concat(pair.1, '=', pair.2), "
                        + $"CAST(originals, 'Array(Tuple(String, String))')), ' ') FROM bet_changes WHERE id = {at + 1}"
                )
            );
            Assert.Equal($"{replaced}: {shown}|{mark}; {original}", $"{replaced}: {row}; {kept}");
        }
    }

    [Fact]
    public async Task Marks_of_users_and_events_reach_the_bets_that_name_them()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var made = new Made();
        await sink.ReplayAsync([
            made.User(1, "\"name\":null,\"created_at\":\"infinity\""),
            made.Event(1, "\"name\":\"Cup\",\"category\":5,\"start_time\":null,\"status\":\"POSTPONED\""),
            made.Bet(1, Made.Columns()),
            made.Bet(2, Made.Columns("\"user_id\":2", "\"event_id\":2")),
        ]);
        Assert.Equal(
            ["1|user_name user_created_at event_category event_start_time event_status", "2|"],
            (await sink.QueryAsync("SELECT bet_id, arrayStringConcat(marks, ' ') FROM bets_analytics")).Order(StringComparer.Ordinal)
        );
        await sink.ReplayAsync([made.User(1, op: "u"), made.Event(1, op: "u")]);
        Assert.Equal(
            ["1|", "2|"],
            (await sink.QueryAsync("SELECT bet_id, arrayStringConcat(marks, ' ') FROM bets_analytics")).Order(StringComparer.Ordinal)
        );
    }

    [Theory]
    [InlineData("\"user_id\":99999999999999999999", RejectReason.OutOfRange, "after.user_id")]
    [InlineData("\"user_id\":null", RejectReason.NullValue, "after.user_id")]
    [InlineData("\"event_id\":\"0b1e\"", RejectReason.WrongType, "after.event_id")]
    [InlineData("\"placed_at\":null", RejectReason.NullValue, "after.placed_at")]
    [InlineData("\"placed_at\":1767225600000", RejectReason.UnknownUnit, "after.placed_at")]
    [InlineData("\"amount\":\"1234\"", RejectReason.AmbiguousDecimal, "after.amount")]
    [InlineData("\"amount\":[1]", RejectReason.WrongType, "after.amount")]
    public async Task What_has_no_place_or_no_meaning_goes_to_the_dead_letters(string replaced, string reason, string field)
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var made = new Made();
        await sink.ReplayAsync([made.Bet(1, Made.Columns()), made.Bet(2, Made.Columns(replaced)), made.Bet(3, Made.Columns())]);
        var letter = Assert.Single(sink.DeadLetters);
        Assert.Equal((reason, field), (letter.Reason, letter.Field));
        Assert.Equal(2, (await sink.QueryAsync("SELECT bet_id FROM bets_analytics")).Count);
    }
}
