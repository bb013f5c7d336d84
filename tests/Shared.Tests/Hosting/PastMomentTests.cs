using Betting.Hosting;
using Xunit;

namespace Betting.Tests.Shared.Hosting;

public sealed class PastMomentTests
{
    static readonly DateTimeOffset Now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("90m", "2026-11-22T10:30:00Z")]
    [InlineData("1.5h", "2026-11-22T10:30:00Z")]
    [InlineData("3d", "2026-11-19T12:00:00Z")]
    [InlineData("0s", "2026-11-22T12:00:00Z")]
    [InlineData("36500d", "1970-01-01T00:00:00Z")]
    [InlineData("2026-11-22T12:00:00+02:00", "2026-11-22T10:00:00Z")]
    [InlineData("2026-11-22", "2026-11-22T00:00:00Z")]
    public void A_moment_is_read(string text, string moment)
    {
        Assert.True(PastMoment.TryParse(text, Now, out var read));
        Assert.Equal(DateTimeOffset.Parse(moment, System.Globalization.CultureInfo.InvariantCulture), read);
    }

    [Theory]
    [InlineData("soon")]
    [InlineData("")]
    [InlineData("d")]
    [InlineData("-1d")]
    [InlineData("36501d")]
    [InlineData("9999999d")]
    [InlineData("79228162514264337593543950335d")]
    [InlineData("99999999999999999999999999999999d")]
    [InlineData("1e9s")]
    [InlineData("NaNs")]
    [InlineData("5w")]
    [InlineData("1969-12-31T23:59:59Z")]
    [InlineData("0001-01-01T00:00:00+14:00")]
    public void What_is_none_is_refused_and_never_thrown(string text) => Assert.False(PastMoment.TryParse(text, Now, out _));
}
