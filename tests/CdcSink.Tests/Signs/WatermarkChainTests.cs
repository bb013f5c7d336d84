using Betting.CdcSink.Messages;
using Betting.CdcSink.Signs;
using Betting.Debezium;
using Xunit;

namespace Betting.Tests.CdcSink.Signs;

/// <summary>
/// Which watermarks do not follow the one before them. Each is written <c>id&lt;previous</c> with a timeline, a publication, a minute, a 1
/// for an incomplete publication and the minute in which PostgreSQL was started behind colons; <c>-</c> names nobody.
/// </summary>
public sealed class WatermarkChainTests
{
    [Theory]
    [InlineData("", "2<1 3<2 4<3", "")]
    [InlineData("1<0", "2<1 3<2", "")]
    // A heartbeat whose transaction was rolled back, and two of them.
    [InlineData("2<1", "3<2 4<2 5<4", "")]
    [InlineData("2<1", "3<2 4<2 5<2 6<5", "")]
    [InlineData("3<2", "4<2 5<4", "")]
    // The row went back to 2: restored, or promoted while it lagged.
    [InlineData("5<4", "6<2 7<6", "6 Predecessor")]
    [InlineData("2<1", "3<2 4<3 5<4 9<3 10<9", "9 Predecessor")]
    [InlineData("2<1", "8<7 9<8", "8 Predecessor")]
    // A connector that was killed sends again what it sent, in the same batch.
    [InlineData("1<0", "2<1 3<2 4<3 2<1 3<2 4<3 5<4", "")]
    [InlineData("3<2", "3<2 4<3", "")]
    // The same after a restart of PostgreSQL: a copy that has not the last watermark. A restart alone is none.
    [InlineData("2<1:1:7:1:0:1", "3<2:1:7:2:0:3 4<2:1:7:4:0:3", "")]
    [InlineData("2<1:1:7:1:0:1", "3<1:1:7:2:0:2 4<3:1:7:3:0:2", "3 Predecessor")]
    [InlineData("2<1:1:7:1:0:1", "3<1:1:7:2", "")]
    // Messages without ids.
    [InlineData("1<0", "- - 2<1 - 3<2", "")]
    [InlineData("1<0", "- 3<2", "3 Predecessor")]
    // Timelines.
    [InlineData("1<0:1", "2<1:1 3<2:2 4<3:2", "3 Timeline")]
    [InlineData("1<0:1", "2<1:0 3<2:1 4<3:0 5<4:2", "")]
    [InlineData("5<4:1", "7<2:2 8<7:2", "7 Predecessor")]
    [InlineData("3<2:1", "4<2:2", "4 Timeline")]
    // Publications; 0 is not known.
    [InlineData("1<0:1:7", "2<1:1:7 3<2:1:8 4<3:1:8", "3 Publication")]
    [InlineData("1<0:1:0", "2<1:1:7 3<2:1:0 4<3:1:8", "")]
    [InlineData("1<0:1:7", "2<1:2:8", "2 Timeline")]
    [InlineData("2<1:1:7", "5<4:1:8", "5 Predecessor")]
    [InlineData("2<1:1:7", "3<1:1:8", "3 Publication")]
    // Minutes; the limit is five.
    [InlineData("1<0:1:7:10", "2<1:1:7:15 3<2:1:7:21 4<3:1:7:22", "3 Gap")]
    [InlineData("1<0:1:7:10", "2<1:1:8:20 3<2:2:8:30 5<4:2:8:40", "2 Publication 3 Timeline 5 Predecessor")]
    [InlineData("1<0:1:7:30", "2<1:1:7:10 3<2:1:7:11", "")]
    [InlineData("", "2<1:1:7:10", "")]
    // The publication is not whole; the last of a batch says it for all.
    [InlineData("1<0:1:7:10", "2<1:1:8:11:1 3<2:1:8:12:1", "2 Publication 3 Incomplete")]
    [InlineData("1<0:1:8:10:1", "2<1:1:8:11:1", "2 Incomplete")]
    [InlineData("1<0:1:8:10:1", "2<1:1:8:11:1 3<2:1:7:12", "3 Publication 2 Incomplete")]
    [InlineData("", "2<1:1:8:10:1", "2 Incomplete")]
    [InlineData("2<1:1:8:10:1", "2<1:1:8:10:1", "")]
    public void A_watermark_follows_the_one_before_it_or_is_a_break(string before, string watermarks, string breaks)
    {
        var found = WatermarkChain.Breaks(
            before.Length == 0 ? null : Read(before, 0),
            watermarks.Split(' ').Select(Read),
            TimeSpan.FromMinutes(5)
        );

        Assert.Equal(breaks, string.Join(' ', found.Select(each => $"{each.Watermark.Version.Lsn} {each.Kind}")));
    }

    static StreamedWatermark Read(string text, int offset)
    {
        if (text == "-")
        {
            return new StreamedWatermark(ChangeVersion.Of(1, streamed: true, 0), 0, "betting.message", 0, offset, default);
        }
        var parts = Array.ConvertAll(text.Split('<', ':'), part => int.Parse(part, System.Globalization.CultureInfo.InvariantCulture));
        var (id, previous, timeline) = (parts[0], parts[1], parts.ElementAtOrDefault(2) is var said && parts.Length > 2 ? said : 1);
        var publication = parts.ElementAtOrDefault(3) is var hash && hash > 0 ? Made.IdOf(hash) : Guid.Empty;
        return new StreamedWatermark(
            ChangeVersion.Of(1, streamed: true, (ulong)id),
            parts.ElementAtOrDefault(4) * 60_000_000L,
            "betting.message",
            0,
            offset,
            new WatermarkLink(
                Made.IdOf(id),
                Made.IdOf(previous),
                (uint)timeline,
                publication,
                parts.ElementAtOrDefault(5) == 1,
                parts.ElementAtOrDefault(6) * 60_000_000L
            )
        );
    }
}
