using System.Text;
using Betting.Local.Capture.Records;
using Betting.Local.Capture.Source;
using Xunit;

namespace Betting.Tests.Local.Capture;

public sealed class ValueTests
{
    // The right side is what the recording "specials-3.6" has for these values.
    [Theory]
    [InlineData("2025-01-01 00:00:00+00", "2025-01-01T00:00:00.000000Z")]
    [InlineData("2025-11-02 13:30:00.5+00", "2025-11-02T13:30:00.500000Z")]
    [InlineData("9999-12-31 23:59:59.999999+00", "9999-12-31T23:59:59.999999Z")]
    [InlineData("1969-12-31 23:59:59.999999+00", "1969-12-31T23:59:59.999999Z")]
    [InlineData("0044-03-15 00:00:00+00 BC", "-0043-03-15T00:00:00.000000Z")]
    [InlineData("0001-01-01 00:00:00+00 BC", "0000-01-01T00:00:00.000000Z")]
    [InlineData("294276-12-31 23:59:59+00", "+294276-12-31T23:59:59.000000Z")]
    [InlineData("infinity", "infinity")]
    [InlineData("-infinity", "-infinity")]
    public void Timestamps_are_written_as_the_connector_writes_them(string postgres, string expected)
    {
        Span<byte> written = stackalloc byte[TimestampText.MaxLength];
        int length = TimestampText.Write(Encoding.UTF8.GetBytes(postgres), written);
        Assert.Equal(expected, Encoding.UTF8.GetString(written[..length]));
    }

    [Theory]
    [InlineData(Form.Text, false, null, null, "null")]
    [InlineData(Form.Text, false, "'web'::text", null, "\"web\"")]
    [InlineData(Form.Text, false, "'it''s'::character varying", null, "\"it's\"")]
    [InlineData(Form.Text, true, null, null, "\"\"")]
    [InlineData(Form.Number, true, null, null, "0")]
    [InlineData(Form.Number, false, "7", null, "7")]
    [InlineData(Form.Number, false, "'-7'::integer", null, "-7")]
    [InlineData(Form.Number, false, "nextval('s'::regclass)", null, "null")]
    [InlineData(Form.Numeric, true, null, 2, "\"0.00\"")]
    [InlineData(Form.Numeric, false, "0", 2, "\"0.00\"")]
    [InlineData(Form.Boolean, false, "true", null, "true")]
    [InlineData(Form.Timestamp, true, null, null, "\"1970-01-01T00:00:00Z\"")]
    [InlineData(Form.Timestamp, false, "now()", null, "null")]
    public void A_missing_value_becomes_the_default_or_for_a_NOT_NULL_column_something_made_up(
        Form form,
        bool notNull,
        string? expression,
        int? scale,
        string expected
    ) => Assert.Equal(expected, Encoding.UTF8.GetString(ColumnDefaults.NullJson(form, notNull, expression, scale)));
}
