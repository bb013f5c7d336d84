using Betting.Connections;
using Xunit;

namespace Betting.Tests.Shared.Hosting;

/// <summary>Which settings of a topic lose records.</summary>
public sealed class KafkaTopicRulesTests
{
    static readonly Dictionary<string, string> Right = new()
    {
        ["cleanup.policy"] = "delete",
        ["retention.ms"] = "604800000",
        ["retention.bytes"] = "-1",
        ["unclean.leader.election.enable"] = "false",
    };

    [Fact]
    public void A_topic_with_the_defaults_of_Kafka_breaks_nothing() => Assert.Empty(KafkaTopicRules.WhatIsBroken("bets", Right));

    [Fact]
    public void A_topic_whose_settings_are_not_told_breaks_nothing() =>
        Assert.Empty(KafkaTopicRules.WhatIsBroken("bets", new Dictionary<string, string>()));

    [Theory]
    [InlineData("cleanup.policy", "compact")]
    [InlineData("cleanup.policy", "compact,delete")]
    [InlineData("cleanup.policy", "delete, compact")]
    [InlineData("retention.ms", "0")]
    [InlineData("retention.ms", "86399999")]
    [InlineData("retention.bytes", "0")]
    [InlineData("retention.bytes", "104857599")]
    [InlineData("unclean.leader.election.enable", "true")]
    public void A_setting_that_loses_records_is_named_with_its_topic_and_value(string setting, string value)
    {
        var line = Assert.Single(KafkaTopicRules.WhatIsBroken("bets", new Dictionary<string, string>(Right) { [setting] = value }));

        Assert.StartsWith($"bets has {setting}={value}: ", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bets", "producer", false)]
    [InlineData("bet-commands", "producer", true)]
    [InlineData("bet-commands", "gzip", true)]
    [InlineData("bet-commands", "uncompressed", true)]
    [InlineData("bet-commands", "zstd", false)]
    public void The_topic_that_strangers_write_to_is_packed_by_the_broker(string topic, string compression, bool isBroken)
    {
        var lines = KafkaTopicRules.WhatIsBroken(topic, new Dictionary<string, string>(Right) { ["compression.type"] = compression });

        Assert.Equal(isBroken ? [$"{topic} has compression.type={compression}"] : [], lines.Select(line => line.Split(':')[0]));
    }

    [Theory]
    [InlineData("bets", "CreateTime", false)]
    [InlineData("bet-commands", "CreateTime", true)]
    [InlineData("bet-commands", "LogAppendTime", false)]
    public void Retention_of_the_topic_that_strangers_write_to_goes_by_the_brokers_clock(string topic, string timestamps, bool isBroken)
    {
        var lines = KafkaTopicRules.WhatIsBroken(topic, new Dictionary<string, string>(Right) { ["message.timestamp.type"] = timestamps });

        Assert.Equal(isBroken ? [$"{topic} has message.timestamp.type={timestamps}"] : [], lines.Select(line => line.Split(':')[0]));
    }

    [Theory]
    [InlineData("retention.ms", "-1")]
    [InlineData("retention.ms", "86400000")]
    [InlineData("retention.bytes", "104857600")]
    [InlineData("retention.bytes", "9223372036854775807")]
    [InlineData("cleanup.policy", "")]
    public void What_keeps_records_for_a_day_is_right(string setting, string value) =>
        Assert.Empty(KafkaTopicRules.WhatIsBroken("bets", new Dictionary<string, string>(Right) { [setting] = value }));
}
