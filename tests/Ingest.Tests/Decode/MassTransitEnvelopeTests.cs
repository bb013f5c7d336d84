using System.Text;
using Betting.Ingest.Decode;

namespace Betting.Tests.Ingest.Decode;

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
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(1_000)]
    [InlineData(16_000)]
    public void However_deep_an_envelope_is_nested_its_command_is_found(int depth)
    {
        var nested = new string('[', depth) + new string(']', depth);
        foreach (
            var beside in new[]
            {
                $"\"host\":{nested}",
                $"\"headers\":{{\"x\":{nested}}}",
                $"\"headers\":{{\"MT-Activity-Id\":{nested}}}",
                $"\"responseAddress\":{nested}",
            }
        )
        {
            var envelope = MassTransitEnvelope.Read(Encoding.UTF8.GetBytes($"{{{beside},\"message\":{{\"id\":1}}}}"));

            Assert.Equal((null, "{\"id\":1}"), (envelope.Fault, Encoding.UTF8.GetString(envelope.Message!.Value.Span)));
        }
    }

    [Fact]
    public void The_beginning_of_an_envelope_tells_an_address_that_stands_in_it_whole_and_never_one_from_inside_another_value()
    {
        var envelope = Encoding.UTF8.GetBytes(
            """{"host":{"a":[{"requestId":"no"}],"responseAddress":"no"},"requestId":"1é","headers":{"MT-Request-AcceptType":["urn:x"],"y":{"responseAddress":"no"}},"message":{"responseAddress":"no"},"responseAddress":"rabbitmq://h/q","sentTime":1}"""
        );
        var text = Encoding.UTF8.GetString(envelope);
        for (var length = 0; length <= envelope.Length; length++)
        {
            var beginning = MassTransitEnvelope.ReadBeginning(envelope.AsMemory(0, length));

            Assert.Null(beginning.Message);
            Assert.Equal(Ends("\"1é\"") ? "1é" : null, beginning.RequestId);
            Assert.Equal(Ends("\"rabbitmq://h/q\"") ? "rabbitmq://h/q" : null, beginning.ResponseAddress);

            bool Ends(string value) =>
                length >= Encoding.UTF8.GetByteCount(text[..(text.IndexOf(value, StringComparison.Ordinal) + value.Length)]);
        }
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
