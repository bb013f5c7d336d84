using System.Text;
using Betting.Ingest.Doors;

namespace Betting.Tests.Ingest.Doors;

public sealed class MassTransitEnvelopeTests
{
    [Theory]
    [InlineData("""{"messageId":"1","host":{"message":"no"},"message":{"id":[1,"}"]},"sentTime":"now"}""", """{"id":[1,"}"]}""")]
    [InlineData("""{ "message" : "text" }""", "\"text\"")]
    [InlineData("""{"messageId":"1"}""", null)]
    [InlineData("""["message"]""", null)]
    [InlineData("""{"message":{""", null)]
    [InlineData("", null)]
    public void The_command_is_the_outermost_property_named_message(string envelope, string? expected)
    {
        var message = MassTransitEnvelope.Read(Encoding.UTF8.GetBytes(envelope)).Message;

        Assert.Equal(expected, message is { } bytes ? Encoding.UTF8.GetString(bytes.Span) : null);
    }

    [Theory]
    [InlineData("application/vnd.masstransit+json", true)]
    [InlineData("application/vnd.masstransit+json; charset=utf-8", true)]
    [InlineData("application/json", false)]
    [InlineData(null, false)]
    public void An_envelope_is_known_by_its_content_type(string? contentType, bool envelope)
    {
        Assert.Equal(envelope, MassTransitEnvelope.IsNamedBy(contentType));
    }
}
