using System.Text;
using Betting.Contracts.Commands;
using Xunit;

namespace Betting.Tests.Shared.Contracts;

public sealed class CommandDecoderTests
{
    const string Start = """{"id":"0193e0c4-6d1c-7cc0-98c2-94bd1e9dd9d1","issuedAt":"2026-11-22T12:00:00.000Z",""";
    const string Deposit = Start + "\"kind\":\"deposit\",\"userId\":1,";

    [Theory]
    // The document
    [InlineData("", "$")]
    [InlineData("null", "$")]
    [InlineData("[]", "$")]
    [InlineData("{", "$")]
    [InlineData("{}", "kind")]
    [InlineData(Deposit + "\"amount\":\"1\"} x", "$")]
    [InlineData(Deposit + "\"amount\":\"1\",}", "$")]
    [InlineData(Deposit + "\"amount\":NaN}", "$")]
    [InlineData(Deposit + "\"amount\":-.5}", "$")]
    [InlineData("\uFEFF" + Deposit + "\"amount\":\"1\"}", "$")]
    // Kinds and fields
    [InlineData(Start + "\"kind\":\"bet\",\"betId\":1}", "kind")]
    [InlineData(Start + "\"kind\":7}", "kind")]
    [InlineData(Start + "\"kind\":\"cancel-bet\"}", "betId")]
    [InlineData(Start + "\"kind\":\"cancel-bet\",\"betId\":1,\"payout\":\"0\"}", "payout")]
    [InlineData(Start + "\"kind\":\"cancel-bet\",\"betId\":1,\"BetId\":1}", "BetId")]
    [InlineData(Start + "\"kind\":\"cancel-bet\",\"betId\":1,\"betId\":1}", "betId")]
    [InlineData(Start + "\"kind\":\"cancel-bet\",\"betId\":1,\"\\ud800\":1}", "(unreadable)")]
    [InlineData(Start + "\"kind\":\"change-event\",\"eventId\":1}", "$")]
    [InlineData(Start + "\"kind\":\"change-event\",\"eventId\":1,\"status\":\"live\"}", "status")]
    [InlineData(Start + "\"kind\":\"cancel-bet\",\"betId\":1,\"v\":2}", "v")]
    [InlineData(Start + "\"kind\":\"cancel-bet\",\"betId\":1,\"v\":\"1\"}", "v")]
    // Ids
    [InlineData(Start + "\"kind\":\"cancel-bet\",\"betId\":0}", "betId")]
    [InlineData(Start + "\"kind\":\"cancel-bet\",\"betId\":-1}", "betId")]
    [InlineData(Start + "\"kind\":\"cancel-bet\",\"betId\":1.0}", "betId")]
    [InlineData(Start + "\"kind\":\"cancel-bet\",\"betId\":1e3}", "betId")]
    [InlineData(Start + "\"kind\":\"cancel-bet\",\"betId\":\"0\"}", "betId")]
    [InlineData(Start + "\"kind\":\"cancel-bet\",\"betId\":\"01\"}", "betId")]
    [InlineData(Start + "\"kind\":\"cancel-bet\",\"betId\":\"1.0\"}", "betId")]
    [InlineData(Start + "\"kind\":\"cancel-bet\",\"betId\":\"9223372036854775808\"}", "betId")]
    [InlineData(Start + "\"kind\":\"cancel-bet\",\"betId\":1,\"userId\":null}", "userId")]
    [InlineData(Start + "\"kind\":\"cancel-bet\",\"betId\":null}", "betId")]
    [InlineData(Start + "\"kind\":\"cancel-bet\",\"betId\":[[1]]}", "betId")]
    [InlineData(Start + "\"kind\":\"cancel-bet\",\"betId\":9223372036854775808}", "betId")]
    [InlineData("""{"id":"00000000-0000-0000-0000-000000000000"}""", "id")]
    [InlineData("""{"id":"{0193e0c4-6d1c-7cc0-98c2-94bd1e9dd9d1}"}""", "id")]
    [InlineData("""{"id":1}""", "id")]
    // Money
    [InlineData(Deposit + "\"amount\":\"1.001\"}", "amount")]
    [InlineData(Deposit + "\"amount\":1.001}", "amount")]
    [InlineData(Deposit + "\"amount\":\"1e2\"}", "amount")]
    [InlineData(Deposit + "\"amount\":1e2}", "amount")]
    [InlineData(Deposit + "\"amount\":\"-0\"}", "amount")]
    [InlineData(Deposit + "\"amount\":-0.00}", "amount")]
    [InlineData(Deposit + "\"amount\":\"NaN\"}", "amount")]
    [InlineData(Deposit + "\"amount\":\"+1\"}", "amount")]
    [InlineData(Deposit + "\"amount\":\"01\"}", "amount")]
    [InlineData(Deposit + "\"amount\":\"1.\"}", "amount")]
    [InlineData(Deposit + "\"amount\":\".5\"}", "amount")]
    [InlineData(Deposit + "\"amount\":\"1,00\"}", "amount")]
    [InlineData(Deposit + "\"amount\":\" 1\"}", "amount")]
    [InlineData(Deposit + "\"amount\":\"\"}", "amount")]
    [InlineData(Deposit + "\"amount\":\"-\"}", "amount")]
    [InlineData(Deposit + "\"amount\":\"10000000000\"}", "amount")]
    [InlineData(Deposit + "\"amount\":99999999999999999999999999}", "amount")]
    [InlineData(Deposit + "\"amount\":true}", "amount")]
    [InlineData(Deposit + "\"amount\":{\"value\":1}}", "amount")]
    // Text and moments
    [InlineData(Start + "\"kind\":\"rename-user\",\"userId\":1,\"name\":\"\"}", "name")]
    [InlineData(Start + "\"kind\":\"rename-user\",\"userId\":1,\"name\":\"a\\u0000b\"}", "name")]
    [InlineData(Start + "\"kind\":\"rename-user\",\"userId\":1,\"name\":\"\\ud83c\"}", "name")]
    [InlineData("""{"issuedAt":"2026-11-22T12:00:00"}""", "issuedAt")]
    [InlineData("""{"issuedAt":"2026-11-22 12:00:00Z"}""", "issuedAt")]
    [InlineData("""{"issuedAt":"2026-02-29T12:00:00Z"}""", "issuedAt")]
    [InlineData("""{"issuedAt":"2026-11-22T24:00:00Z"}""", "issuedAt")]
    [InlineData("""{"issuedAt":"2026-11-22T12:00:60Z"}""", "issuedAt")]
    [InlineData("""{"issuedAt":"2026-11-22T12:00:00.Z"}""", "issuedAt")]
    [InlineData("""{"issuedAt":"2026-11-22T12:00:00+16:00"}""", "issuedAt")]
    [InlineData("""{"issuedAt":"1999-12-31T23:59:59Z"}""", "issuedAt")]
    [InlineData("""{"issuedAt":"1999-12-31T23:59:59-01:00"}""", "issuedAt")]
    [InlineData("""{"issuedAt":"2000-01-01T00:00:00+01:00"}""", "issuedAt")]
    [InlineData("""{"issuedAt":"0001-01-01T00:00:00+01:00"}""", "issuedAt")]
    [InlineData("""{"issuedAt":"10000-01-01T00:00:00Z"}""", "issuedAt")]
    [InlineData("""{"issuedAt":1700000000000}""", "issuedAt")]
    public void What_is_wrong_is_refused_with_the_name_of_its_field(string json, string field)
    {
        Assert.False(CommandDecoder.TryDecode(Encoding.UTF8.GetBytes(json), out _, out var refusal));
        Assert.Equal(field, refusal.Field);
        Assert.NotEmpty(refusal.Fix);
    }

    [Theory]
    [InlineData("\"unknown\":", "unknown")]
    [InlineData("\"amount\":", "amount")]
    public void The_id_behind_a_refused_value_is_read_however_deep_that_is(string before, string field)
    {
        var nested = new string('[', 5_000) + new string(']', 5_000);
        var json = Encoding.UTF8.GetBytes($$"""{"kind":"deposit",{{before}}{{nested}},"id":"0193e0c4-6d1c-7cc0-98c2-94bd1e9dd9d1"}""");

        Assert.False(CommandDecoder.TryDecode(json, out _, out var refusal));
        Assert.Equal((field, Guid.Parse("0193e0c4-6d1c-7cc0-98c2-94bd1e9dd9d1")), (refusal.Field, refusal.CommandId));
    }

    [Theory]
    [InlineData("\"100\"", 100_00)]
    [InlineData("\"100.5\"", 100_50)]
    [InlineData("100.05", 100_05)]
    [InlineData("0", 0)]
    [InlineData("\"-5.00\"", -5_00)]
    [InlineData("\"9999999999.99\"", 9_999_999_999_99)]
    public void Money_is_text_or_a_number_with_at_most_two_decimals(string written, long cents)
    {
        var json = Encoding.UTF8.GetBytes(Deposit + "\"amount\":" + written + "}");

        Assert.True(CommandDecoder.TryDecode(json, out var command, out _));
        Assert.Equal(new Money(cents), Assert.IsType<Deposit>(command).Amount);
    }

    [Theory]
    [InlineData("2026-11-22T12:00:00Z", 0)]
    [InlineData("2026-11-22T12:00:00.1234567Z", 123456)]
    [InlineData("2026-11-22T12:00:00.123456789Z", 123456)]
    [InlineData("2026-11-22T12:00:00.1234567890123456789012345678901234567890Z", 123456)]
    [InlineData("2026-11-22T14:30:00.5\\u002B02:30", 500000)]
    [InlineData("2026-11-22T10:00:00.000001-02:00", 1)]
    public void Moments_of_any_zone_become_UTC_in_whole_microseconds(string written, int microseconds)
    {
        var json = Encoding.UTF8.GetBytes(
            $$"""{"kind":"cancel-bet","betId":1,"id":"0193e0c4-6d1c-7cc0-98c2-94bd1e9dd9d1","issuedAt":"{{written}}"}"""
        );

        Assert.True(CommandDecoder.TryDecode(json, out var command, out var refusal), refusal?.ToString());
        Assert.Equal(new DateTime(2026, 11, 22, 12, 0, 0, DateTimeKind.Utc).AddMicroseconds(microseconds), command.IssuedAt);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("true")]
    [InlineData("[[1]]")]
    [InlineData("\"\"")]
    public void A_field_that_the_kind_does_not_have_is_to_be_left_out_whatever_its_value(string value)
    {
        foreach (
            var json in new[]
            {
                Start + "\"kind\":\"cancel-bet\",\"betId\":1,\"eventId\":" + value + "}",
                Start + "\"eventId\":" + value + ",\"betId\":1,\"kind\":\"cancel-bet\"}",
            }
        )
        {
            Assert.False(CommandDecoder.TryDecode(Encoding.UTF8.GetBytes(json), out _, out var refusal));
            Assert.StartsWith("eventId: leave it out: cancel-bet has ", refusal.ToString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("9007199254740993")]
    [InlineData("\"9007199254740993\"")]
    [InlineData("\"\\u0039007199254740993\"")]
    public void An_id_is_a_number_or_text(string written)
    {
        Assert.True(
            CommandDecoder.TryDecode(
                Encoding.UTF8.GetBytes(Start + $"\"kind\":\"cancel-bet\",\"betId\":{written}}}"),
                out var command,
                out _
            )
        );
        Assert.Equal(9_007_199_254_740_993, Assert.IsType<CancelBet>(command).BetId);
    }

    [Theory]
    [InlineData("\"amount\":\"x\",\"id\":\"0193e0c4-6d1c-7cc0-98c2-94bd1e9dd9d1\"}", true)]
    [InlineData("\"Amount\":{},\"id\":\"0193e0c4-6d1c-7cc0-98c2-94bd1e9dd9d1\"}", true)]
    [InlineData("\"id\":\"0193e0c4-6d1c-7cc0-98c2-94bd1e9dd9d1\",\"amount\":}", true)]
    [InlineData("\"id\":\"0193e0c4-6d1c-7cc0-98c2-94bd1e9dd9d1\",\"id\":\"0193e0c4-6d1c-7cc0-98c2-94bd1e9dd9d2\"}", false)]
    [InlineData("\"id\":\"0193e0c4\"}", false)]
    [InlineData("\"id\":\"00000000-0000-0000-0000-000000000000\"}", false)]
    public void A_refusal_has_the_id_where_one_can_be_read(string rest, bool has)
    {
        Assert.False(CommandDecoder.TryDecode(Encoding.UTF8.GetBytes("{\"kind\":\"deposit\"," + rest), out _, out var refusal));
        Assert.Equal(has ? "0193e0c4-6d1c-7cc0-98c2-94bd1e9dd9d1" : null, refusal.CommandId?.ToString());
    }

    [Fact]
    public void What_is_no_JSON_is_told_with_line_and_position()
    {
        Assert.False(CommandDecoder.TryDecode("{\n  \"kind\": \"deposit\",\n  \"userId\": 1,,\n}"u8, out _, out var refusal));
        Assert.Equal("$: write valid JSON (RFC 8259); it breaks in line 3 at byte 15", refusal.ToString());
    }

    [Fact]
    public void Bytes_that_are_no_UTF_8_are_refused()
    {
        var json = Encoding.Latin1.GetBytes(Start + "\"kind\":\"rename-user\",\"userId\":1,\"name\":\"Bj\u00f6rn\"}");

        Assert.False(CommandDecoder.TryDecode(json, out _, out var refusal));
        Assert.Equal("$: encode it as UTF-8", refusal.ToString());
    }

    [Fact]
    public void Length_is_counted_in_characters_as_people_see_them()
    {
        Assert.True(Decodes(new string('é', 200)));
        Assert.True(Decodes(string.Concat(Enumerable.Repeat("🏁", 200))));
        Assert.False(Decodes(string.Concat(Enumerable.Repeat("🏁", 201))));
        static bool Decodes(string name) =>
            CommandDecoder.TryDecode(
                Encoding.UTF8.GetBytes(Start + $"\"kind\":\"rename-user\",\"userId\":1,\"name\":\"{name}\"}}"),
                out _,
                out _
            );
    }

    [Fact]
    public void Too_large_and_too_deep_are_refused_before_they_cost_anything()
    {
        var large = Encoding.UTF8.GetBytes(
            Start + "\"kind\":\"rename-user\",\"userId\":1,\"name\":\"" + new string('x', CommandContract.MaxBytes) + "\"}"
        );
        var deep = Encoding.UTF8.GetBytes(Start + "\"kind\":" + new string('[', 15_000));

        Assert.False(CommandDecoder.TryDecode(large, out _, out var refusal));
        Assert.Equal("$", refusal.Field);
        Assert.False(CommandDecoder.TryDecode(deep, out _, out refusal));
        Assert.Equal("kind", refusal.Field);
    }
}
