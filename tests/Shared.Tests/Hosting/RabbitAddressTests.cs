using Betting.Brokers;
using Xunit;

namespace Betting.Tests.Shared.Hosting;

public sealed class RabbitAddressTests
{
    [Theory]
    [InlineData("amqp://a:b@h", "h:5672")]
    [InlineData("amqp://h:1/", "h:1")]
    [InlineData("amqps://a:b@h1,h2:9/v", "h1:5671, h2:9")]
    [InlineData("amqp://a:p%40ss@h1:1,h2:2,h3:3/v%2Fw", "h1:1, h2:2, h3:3")]
    public void Nodes_are_read(string uri, string nodes)
    {
        Assert.True(RabbitAddress.TryParse(uri, out var address));
        Assert.Equal(nodes, address.Nodes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("h:5672")]
    [InlineData("http://h")]
    [InlineData("amqp://")]
    [InlineData("amqp://h1,,h2")]
    [InlineData("amqp://h1:5672,h2:port")]
    [InlineData("amqp://h:0")]
    [InlineData("amqp://h1:5672,h2:0/v")]
    [InlineData("amqp://h/v/w")]
    [InlineData("amqp://h/v?heartbeat=5")]
    public void Another_form_is_refused(string uri) => Assert.False(RabbitAddress.TryParse(uri, out _));
}
