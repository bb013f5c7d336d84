using Betting.Debezium;
using Xunit;

namespace Betting.Tests.Shared.Debezium;

/// <summary>
/// Values that the tables cannot show, or nobody declared: what is shown, under which rule, and what is kept of the original.
/// </summary>
public sealed class MarkTests
{
    [Theory]
    [InlineData("\"NAN\"", 0, ValueSubstitution.NotANumber, "NAN")]
    [InlineData("\"NaN\"", 0, ValueSubstitution.NotANumber, "NaN")]
    [InlineData("\"POSITIVE_INFINITY\"", 999_999_999_999_999_999, ValueSubstitution.Infinite, "POSITIVE_INFINITY")]
    [InlineData("\"-Infinity\"", -999_999_999_999_999_999, ValueSubstitution.Infinite, "-Infinity")]
    [InlineData("\"6.255\"", 626, ValueSubstitution.Rounded, "6.255")]
    [InlineData("-6.2549", -625, ValueSubstitution.Rounded, "-6.2549")]
    [InlineData("\"0.00001\"", 0, ValueSubstitution.Rounded, "0.00001")]
    [InlineData("1e-300", 0, ValueSubstitution.Rounded, "1e-300")]
    [InlineData("\"9999999999999999.995\"", 999_999_999_999_999_999, ValueSubstitution.Clamped, "9999999999999999.995")]
    [InlineData("1e30", 999_999_999_999_999_999, ValueSubstitution.Clamped, "1e30")]
    [InlineData(
        "\"-100000000000000000000000000000000000000000000.01\"",
        -999_999_999_999_999_999,
        ValueSubstitution.Clamped,
        "-100000000000000000000000000000000000000000000.01"
    )]
    [InlineData("null", 0, ValueSubstitution.Null, "null")]
    [InlineData("""{"scale":3,"value":"GG8="}""", 626, ValueSubstitution.Rounded, "6.255")]
    [InlineData(
        """{"scale":0,"value":"AP///////////////////w=="}""",
        999_999_999_999_999_999,
        ValueSubstitution.Clamped,
        "1329227995784915872903807060280344575"
    )]
    public void An_amount_that_hundredths_cannot_say_is_the_nearest_one_with_a_mark(
        string amount,
        long hundredths,
        string rule,
        string original
    )
    {
        var decoded = Given.Decode(Given.Envelope(after: Given.Bet.Replace("\"6.25\"", amount, StringComparison.Ordinal)));
        Assert.Equal((RecordKind.RowChange, hundredths, MissingColumns.BetAmount), (decoded.Kind, decoded.Bet.Amount, decoded.Marked));
        Assert.Equal(("amount", rule, original), Mark(decoded));
    }

    [Theory]
    [InlineData("infinity", PostgresTime.Infinity, ValueSubstitution.Infinite)]
    [InlineData("-infinity", PostgresTime.MinusInfinity, ValueSubstitution.Infinite)]
    [InlineData("+294247-01-10T04:00:25.2Z", PostgresTime.Infinity, ValueSubstitution.Infinite)]
    [InlineData("+294276-12-31T23:59:59.000000Z", long.MaxValue - 1, ValueSubstitution.Clamped)]
    [InlineData("-0043-03-15T00:00:00.000000Z", -63517824000000000, ValueSubstitution.Clamped)]
    [InlineData("2300-01-01T00:00:00Z", PostgresTime.LatestShown + 1, ValueSubstitution.Clamped)]
    [InlineData("1899-12-31T23:59:59.999999Z", PostgresTime.EarliestShown - 1, ValueSubstitution.Clamped)]
    public void A_time_outside_of_1900_to_2299_is_kept_exactly_with_a_mark(string time, long micros, string rule)
    {
        var decoded = Given.Decode(Given.Envelope(after: Given.Bet.Replace("2025-11-01T12:00:05.000000Z", time, StringComparison.Ordinal)));
        Assert.Equal((micros, MissingColumns.BetPlacedAt), (decoded.Bet.PlacedAt, decoded.Marked));
        Assert.Equal(("placed_at", rule, time), Mark(decoded));
    }

    [Theory]
    [InlineData("1900-01-01T00:00:00Z")]
    [InlineData("2299-12-31T23:59:59.999999Z")]
    public void The_first_and_last_times_that_can_be_shown_have_no_mark(string time) =>
        Assert.Null(
            Given.Decode(Given.Envelope(after: Given.Bet.Replace("2025-11-01T12:00:05.000000Z", time, StringComparison.Ordinal))).Marks
        );

    [Theory]
    [InlineData("\"VOID\"", "VOID", ValueSubstitution.Undeclared, "")]
    [InlineData("null", "", ValueSubstitution.Null, "null")]
    [InlineData("7", "7", ValueSubstitution.Retyped, "")]
    public void A_status_that_nobody_declared_is_shown_as_it_is_with_a_mark(string status, string shown, string rule, string original)
    {
        var decoded = Given.Decode(Given.Envelope(after: Given.Bet.Replace("\"OPEN\"", status, StringComparison.Ordinal)));
        Assert.Equal((shown, MissingColumns.BetStatus), (Given.Text(decoded.Bet.Status), decoded.Marked));
        Assert.Contains(decoded.Marks!, mark => (mark.Name, mark.Rule, Given.Text(mark.Original)) == ("status", rule, original));
    }

    [Theory]
    [InlineData("9223372036854775807", long.MaxValue)]
    [InlineData("1", 1)]
    [InlineData("\"12.00\"", 12)]
    [InlineData("7.0", 7)]
    public void An_id_is_any_positive_whole_number_of_64_bits_as_number_or_text(string id, long value)
    {
        var decoded = Given.Decode(Given.Envelope(after: Given.Bet.Replace("\"id\":5", $"\"id\":{id}", StringComparison.Ordinal)));
        Assert.Equal((RecordKind.RowChange, value), (decoded.Kind, decoded.Id));
        Assert.Null(decoded.Marks);
    }

    [Theory]
    [InlineData(TimeUnit.Milliseconds, 1_761_998_405_123, 1_761_998_405_123_000)]
    [InlineData(TimeUnit.Microseconds, 1_761_998_405_123_456, 1_761_998_405_123_456)]
    [InlineData(TimeUnit.Nanoseconds, 1_761_998_405_123_456_000, 1_761_998_405_123_456)]
    [InlineData(TimeUnit.Days, 20_393, 1_761_955_200_000_000)]
    public void A_bare_number_counts_what_the_settings_say(TimeUnit unit, long count, long micros)
    {
        var record = Given.Record(
            Given.Envelope(after: Given.Bet.Replace("\"2025-11-01T12:00:05.000000Z\"", $"{count}", StringComparison.Ordinal))
        );
        Assert.Equal(micros, Given.Decode(record, new DecoderOptions { TimeUnits = TimeUnits.All(unit) }).Bet.PlacedAt);
    }

    [Theory]
    [InlineData(TimeUnit.Milliseconds, 9_223_372_036_825_200, long.MaxValue)]
    [InlineData(TimeUnit.Milliseconds, -9_223_372_036_832_400, long.MinValue)]
    [InlineData(TimeUnit.Microseconds, 9_223_372_036_825_200_000, long.MaxValue)]
    [InlineData(TimeUnit.Microseconds, -9_223_372_036_832_400_000, long.MinValue)]
    [InlineData(TimeUnit.Microseconds, long.MaxValue, long.MaxValue)]
    [InlineData(TimeUnit.Nanoseconds, long.MaxValue, long.MaxValue)]
    [InlineData(TimeUnit.Nanoseconds, long.MinValue, long.MinValue)]
    [InlineData(TimeUnit.Days, -622_191_234, long.MaxValue)]
    [InlineData(TimeUnit.Days, -625_821_272, long.MinValue)]
    [InlineData(TimeUnit.Days, -2_147_472_692, long.MaxValue)]
    [InlineData(TimeUnit.Days, -2_147_472_691, long.MinValue)]
    public void An_infinity_of_any_mode_is_infinity_and_marked(TimeUnit unit, long count, long micros)
    {
        var record = Given.Record(
            Given.Envelope(after: Given.Bet.Replace("\"2025-11-01T12:00:05.000000Z\"", $"{count}", StringComparison.Ordinal))
        );
        var decoded = Given.Decode(record, new DecoderOptions { TimeUnits = TimeUnits.All(unit) });
        Assert.Equal(micros, decoded.Bet.PlacedAt);
        Assert.Contains(decoded.Marks!, mark => (mark.Name, mark.Rule) == ("placed_at", ValueSubstitution.Infinite));
    }

    [Fact]
    public void What_a_delete_says_of_the_former_row_makes_no_mark() =>
        Assert.Null(
            Given.Decode(Given.Envelope(after: "null", op: "d", before: Given.Bet.Replace("OPEN", "VOID", StringComparison.Ordinal))).Marks
        );

    static (string, string, string) Mark(in DecodedRecord decoded)
    {
        var mark = Assert.Single(decoded.Marks!);
        return (mark.Name, mark.Rule, Given.Text(mark.Original));
    }
}
