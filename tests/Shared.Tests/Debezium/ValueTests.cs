using System.Text;
using Betting.Debezium;
using CsCheck;
using Xunit;

namespace Betting.Tests.Shared.Debezium;

public sealed class ValueTests
{
    [Theory]
    [InlineData("1970-01-01T00:00:00Z", 0)]
    [InlineData("2025-01-01T00:00:00.000001Z", 1735689600000001)]
    [InlineData("2025-01-01T00:00:00.5Z", 1735689600500000)]
    [InlineData("1969-12-31T23:59:59.999999Z", -1)]
    [InlineData("2024-02-29T12:00:00+02:00", 1709200800000000)]
    [InlineData("-0043-03-15T00:00:00.000000Z", -63517824000000000)]
    [InlineData("infinity", PostgresTime.Infinity)]
    [InlineData("-infinity", PostgresTime.MinusInfinity)]
    public void A_time_is_microseconds_since_1970(string text, long micros)
    {
        Assert.Null(PostgresTime.TryParse(Encoding.UTF8.GetBytes(text), out var parsed));
        Assert.Equal(micros, parsed);
    }

    [Fact]
    public void A_time_reads_back_as_the_calendar_wrote_it() =>
        Gen.DateTime.Sample(time =>
        {
            var text = time.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", System.Globalization.CultureInfo.InvariantCulture);
            return PostgresTime.TryParse(Encoding.UTF8.GetBytes(text), out var micros) is null
                && micros
                    == (time.Ticks - DateTime.UnixEpoch.Ticks) / 10
                        - (time.Ticks < DateTime.UnixEpoch.Ticks && time.Ticks % 10 != 0 ? 1 : 0);
        });

    [Theory]
    [InlineData("")]
    [InlineData("2025-13-01T00:00:00Z")]
    [InlineData("2025-01-01 00:00:00Z")]
    [InlineData("2025-01-01T00:00:00")]
    [InlineData("2025-01-01T24:00:00Z")]
    [InlineData("2025-01-01T00:00:00.Z")]
    [InlineData("2025-01-01T00:00:00.1234567Z")]
    [InlineData("25-01-01T00:00:00Z")]
    public void What_is_no_time_is_refused(string text) => Assert.NotNull(PostgresTime.TryParse(Encoding.UTF8.GetBytes(text), out _));

    [Theory]
    [InlineData("100.00", 10_000)]
    [InlineData("-5.5", -550)]
    [InlineData("0.01", 1)]
    [InlineData("12", 1200)]
    [InlineData("1.0E10", 1_000_000_000_000)]
    [InlineData("9.99999999999E9", 999_999_999_999)]
    [InlineData("1.50000", 150)]
    [InlineData("9999999999999999.99", 999_999_999_999_999_999)]
    public void An_amount_is_whole_hundredths(string text, long hundredths)
    {
        var bet = Given.Decode(Given.Envelope(after: Given.Bet.Replace("\"6.25\"", text, StringComparison.Ordinal))).Bet;
        Assert.Equal(hundredths, bet.Amount);
    }

    [Theory]
    [InlineData("C+o=", 2, 3050)]
    [InlineData("z8c=", 2, -12345)]
    [InlineData("AOjUpQ//", 2, 999999999999)]
    [InlineData("Zw==", 0, 10300)]
    public void A_base64_amount_is_the_unscaled_number_in_twos_complement(string base64, int scale, long hundredths)
    {
        var bet = Given
            .Decode(
                Given.Envelope(
                    after: Given.Bet.Replace("\"6.25\"", $$"""{"scale":{{scale}},"value":"{{base64}}"}""", StringComparison.Ordinal)
                )
            )
            .Bet;
        Assert.Equal(hundredths, bet.Amount);
    }

    [Fact]
    public void The_sum_of_two_versions_fits_64_bits()
    {
        var highest = ChangeVersion.Of(ChangeVersion.MaxEpoch, streamed: true, ChangeVersion.MaxLsn).Value;
        Assert.True(checked(highest + highest) > highest);
    }

    [Fact]
    public void A_version_gives_back_what_it_was_made_of() =>
        Gen.Select(Gen.Int[0, 63], Gen.Bool, Gen.ULong[0, ChangeVersion.MaxLsn])
            .Sample(
                (epoch, streamed, lsn) =>
                {
                    var version = ChangeVersion.Of(epoch, streamed, lsn);
                    return version.Epoch == epoch && version.IsStreamed == streamed && version.Lsn == lsn;
                }
            );
}
