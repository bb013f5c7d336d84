using System.Text;
using Betting.CdcSink.Decode;
using Betting.CdcSink.Messages;
using Xunit;

namespace Betting.Tests.CdcSink.Decode;

public sealed class WatermarkContentTests
{
    [Theory]
    [InlineData("""{"at" : "2026-01-01T12:00:00.123456+00:00"}""", 1_767_268_800_123_456)]
    [InlineData("""{"at":"2026-01-01T17:30:00.5+05:30"}""", 1_767_268_800_500_000)]
    [InlineData("""{"at" : "2026-01-01T02:00:00-10:00", "node":{"of":[1]}}""", 1_767_268_800_000_000)]
    public void PostgreSQL_writes_its_clock_in_the_zone_of_the_session(string content, long micros)
    {
        Assert.True(WatermarkContent.TryRead(Encoding.UTF8.GetBytes(content), out var at, out var link));
        Assert.Equal(micros, at);
        Assert.Equal(default, link);
    }

    [Fact]
    public void A_watermark_names_itself_the_one_before_it_the_timeline_and_the_publication()
    {
        const string Content = """
            {"at" : "2026-01-01T12:00:00+00:00", "id" : "638428f4-bf25-4566-bf5b-c98de37a7286", "previous" : "8fa1d6b1-4805-4573-a80d-e867cf5b59e1", "timeline" : 3, "started" : "2026-01-01T11:00:00.5+00:00", "publication" : "0cc175b9-c0f1-b6a8-31c3-99e269772661"}
            """;
        Assert.True(WatermarkContent.TryRead(Encoding.UTF8.GetBytes(Content.Trim()), out _, out var link));
        Assert.Equal(
            new WatermarkLink(
                Guid.Parse("638428f4-bf25-4566-bf5b-c98de37a7286"),
                Guid.Parse("8fa1d6b1-4805-4573-a80d-e867cf5b59e1"),
                3,
                Guid.Parse("0cc175b9-c0f1-b6a8-31c3-99e269772661"),
                StartedAt: 1_767_265_200_500_000
            ),
            link
        );
    }

    [Theory]
    [InlineData("false", true)]
    [InlineData("true", false)]
    [InlineData("null", false)]
    [InlineData("[false]", false)]
    [InlineData("0", false)]
    public void A_watermark_says_whether_the_publication_is_whole(string whole, bool isIncomplete)
    {
        var content =
            $$"""{"at" : "2026-01-01T12:00:00Z", "whole" : {{whole}}, "id" : "638428f4-bf25-4566-bf5b-c98de37a7286", "previous" : "8fa1d6b1-4805-4573-a80d-e867cf5b59e1"}""";
        Assert.True(WatermarkContent.TryRead(Encoding.UTF8.GetBytes(content), out _, out var link));
        Assert.True(link.IsKnown);
        Assert.Equal(isIncomplete, link.IsIncomplete);
        Assert.True(
            WatermarkContent.TryRead(Encoding.UTF8.GetBytes($$"""{"at" : "2026-01-01T12:00:00Z", "whole" : {{whole}}}"""), out _, out link)
        );
        Assert.Equal(isIncomplete, link.IsIncomplete);
    }

    [Theory]
    [InlineData("""{"at" : "2026-01-01T12:00:00Z", "id" : "638428f4-bf25-4566-bf5b-c98de37a7286", "timeline" : 3}""")]
    [InlineData("""{"at" : "2026-01-01T12:00:00Z", "id" : "\ud800", "previous" : "8fa1d6b1-4805-4573-a80d-e867cf5b59e1"}""")]
    [InlineData(
        """{"at" : "2026-01-01T12:00:00Z", "id" : 7, "previous" : ["8fa1d6b1-4805-4573-a80d-e867cf5b59e1"], "started" : [1], "timeline" : "x", "publication" : {}}"""
    )]
    [InlineData("""{"at" : "2026-01-01T12:00:00Z", "id" : null, "previous" : null, "timeline" : -1}""")]
    public void A_watermark_that_does_not_name_both_is_one_all_the_same(string content)
    {
        Assert.True(WatermarkContent.TryRead(Encoding.UTF8.GetBytes(content), out _, out var link));
        Assert.Equal(default, link);
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
    public void Anything_else_is_no_watermark(string content) =>
        Assert.False(WatermarkContent.TryRead(Encoding.UTF8.GetBytes(content), out _, out _));
}
