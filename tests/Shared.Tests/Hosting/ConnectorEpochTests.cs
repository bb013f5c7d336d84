using Betting.Connections;
using Xunit;

namespace Betting.Tests.Shared.Hosting;

/// <summary>Which epoch a connector's settings give its records.</summary>
public sealed class ConnectorEpochTests
{
    static readonly Dictionary<string, string> Shipped = new()
    {
        ["transforms"] = "epoch",
        ["transforms.epoch.type"] = "org.apache.kafka.connect.transforms.InsertHeader",
        ["transforms.epoch.header"] = "epoch",
        ["transforms.epoch.value.literal"] = "3",
    };

    [Fact]
    public void The_literal_of_the_transform_counts_and_of_two_the_last_one()
    {
        Assert.Equal(3, ConnectorEpoch.Of(Shipped));
        Assert.Equal(
            4,
            ConnectorEpoch.Of(
                new Dictionary<string, string>(Shipped)
                {
                    ["transforms"] = "epoch, again",
                    ["transforms.again.type"] = "org.apache.kafka.connect.transforms.InsertHeader",
                    ["transforms.again.header"] = "epoch",
                    ["transforms.again.value.literal"] = "\"4\"",
                }
            )
        );
    }

    [Fact]
    public void Another_transform_that_writes_or_drops_the_header_hides_it() =>
        Assert.Null(
            ConnectorEpoch.Of(
                new Dictionary<string, string>(Shipped)
                {
                    ["transforms"] = "epoch,from",
                    ["transforms.from.type"] = "org.apache.kafka.connect.transforms.HeaderFrom$Value",
                    ["transforms.from.headers"] = "trace, epoch",
                }
            )
        );

    [Theory]
    [InlineData("transforms", "")]
    [InlineData("transforms.epoch.type", "com.example.Other")]
    [InlineData("transforms.epoch.header", "another")]
    [InlineData("transforms.epoch.value.literal", "${file:/secrets:epoch}")]
    [InlineData("transforms.epoch.value.literal", "-1")]
    [InlineData("transforms.epoch.predicate", "onlyBets")]
    public void What_only_Connect_knows_is_not_guessed(string setting, string value) =>
        Assert.Null(ConnectorEpoch.Of(new Dictionary<string, string>(Shipped) { [setting] = value }));

    [Fact]
    public void No_settings_tell_nothing() => Assert.Null(ConnectorEpoch.Of(new Dictionary<string, string>()));
}
