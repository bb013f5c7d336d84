using Betting.Brokers;
using Xunit;

namespace Betting.Tests.Shared.Hosting;

public sealed class BrokerListTests
{
    [Theory]
    [InlineData("127.0.0.1:9092", true)]
    [InlineData("kafka", true)]
    [InlineData("kafka-1.example_net:9092, kafka-2:65535", true)]
    [InlineData("[::1]:9092", true)]
    [InlineData("", false)]
    [InlineData(",", false)]
    [InlineData("nonsense:port", false)]
    [InlineData("a:0", false)]
    [InlineData("a:65536", false)]
    [InlineData("a:", false)]
    [InlineData("a b:9092", false)]
    [InlineData("::1:9092", false)]
    [InlineData("http://a:9092", false)]
    [InlineData("PLAINTEXT://a:9092", false)]
    [InlineData("a:9092/", false)]
    [InlineData("a:9092;b:9092", false)]
    public void Brokers_are_hosts_with_ports(string text, bool isValid) => Assert.Equal(isValid, BrokerList.IsValid(text));
}
