using System.Text;
using Betting.CdcSink.Batches;
using Xunit;

namespace Betting.Tests.CdcSink.Batches;

public sealed class WatermarkContentTests
{
    [Theory]
    [InlineData("""{"at" : "2026-01-01T12:00:00.123456+00:00"}""", 1_767_268_800_123_456)]
    [InlineData("""{"at":"2026-01-01T17:30:00.5+05:30"}""", 1_767_268_800_500_000)]
    [InlineData("""{"at" : "2026-01-01T02:00:00-10:00", "node":{"of":[1]}}""", 1_767_268_800_000_000)]
    public void PostgreSQL_writes_its_clock_in_the_zone_of_the_session(string content, long micros)
    {
        Assert.True(WatermarkContent.TryRead(Encoding.UTF8.GetBytes(content), out var at));
        Assert.Equal(micros, at);
    }

    [Theory]
    [InlineData("")]
    [InlineData("now")]
    [InlineData("{}")]
    [InlineData("""{"at":1767268800}""")]
    [InlineData("""{"at":null}""")]
    [InlineData("""{"at":"infinity"}""")]
    [InlineData("""{"at":"-infinity"}""")]
    [InlineData("""{"at":"12026-01-01T12:00:00+00:00"}""")]
    [InlineData("""{"at":"1969-12-31T23:59:59+00:00"}""")]
    [InlineData("""{"at":"\ud800"}""")]
    [InlineData("""{"at":"2026-01-01T12:00:00+00:00"} {}""")]
    [InlineData("""{"at":"2026-01-01T12:00:00+00:00" """)]
    [InlineData("""["at","2026-01-01T12:00:00+00:00"]""")]
    public void Anything_else_is_no_watermark(string content) => Assert.False(WatermarkContent.TryRead(Encoding.UTF8.GetBytes(content), out _));
}
