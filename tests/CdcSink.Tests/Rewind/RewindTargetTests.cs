using System.Globalization;
using Betting.CdcSink.Rewind;
using Xunit;

namespace Betting.Tests.CdcSink.Rewind;

public sealed class RewindTargetTests
{
    static readonly DateTimeOffset Now = DateTimeOffset.Parse("2026-11-22T12:00:00Z", CultureInfo.InvariantCulture);

    [Fact]
    public void Each_form_is_told_from_the_others()
    {
        Assert.Equal(RewindKind.Beginning, Read("beginning").Kind);
        Assert.Equal((RewindKind.Offset, 1042L), (Read("1042").Kind, Read("1042").Offset));
        Assert.Equal((RewindKind.Lsn, 0x2_01F9_F478UL), (Read("2/1F9F478").Kind, Read("2/1F9F478").Lsn));
        Assert.Equal((RewindKind.Moment, Now.AddMinutes(-90)), (Read("90m").Kind, Read("90m").Moment));
        Assert.Equal((RewindKind.Moment, Now.AddHours(-1)), (Read("2026-11-22T11:00:00Z").Kind, Read("2026-11-22T11:00:00").Moment));
    }

    [Theory]
    [InlineData("-5")]
    [InlineData("0/xyz")]
    [InlineData("1/2/3")]
    [InlineData("h")]
    [InlineData("soon")]
    [InlineData("99999999999d")]
    public void What_is_none_of_them_is_refused(string text) => Assert.False(RewindTarget.TryParse(text, Now, out _));

    [Theory]
    [InlineData(20, 80L, false, RewindStep.Back, 20, 60)]
    [InlineData(2, 80L, false, RewindStep.Back, 10, 70)]
    [InlineData(80, 80L, false, RewindStep.Nothing, 80, 0)]
    [InlineData(90, 80L, false, RewindStep.Refused, 90, 10)]
    [InlineData(90, 80L, true, RewindStep.Skip, 90, 10)]
    [InlineData(10, null, false, RewindStep.Nothing, 10, 0)]
    [InlineData(50, null, false, RewindStep.Refused, 50, 40)]
    [InlineData(20, 900L, false, RewindStep.Back, 20, 80)]
    public void It_goes_back_within_the_topic_and_forward_only_where_asked(
        long place,
        long? stands,
        bool forward,
        RewindStep step,
        long offset,
        long records
    ) => Assert.Equal(new RewindPlan(step, offset, records), RewindPlan.Of(place, 10, 100, stands, forward));

    static RewindTarget Read(string text)
    {
        Assert.True(RewindTarget.TryParse(text, Now, out var target));
        return target;
    }
}
