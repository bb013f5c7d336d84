using Betting.Contracts;
using Betting.Local.Engines;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Xunit;

namespace Betting.Tests.CdcSink.Live;

/// <summary>Somebody sets a topic of rows to compaction while the sink is away, and back again. The stand-in for Kafka compacts nothing.</summary>
[Trait("Category", "real")]
public sealed class CompactedTopicTests
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    readonly Made _made = new();
    long _bets = 10;

    [Fact]
    public async Task Changes_that_compaction_removed_before_they_were_read_ask_for_a_reconciliation()
    {
        await using var stage = await LiveStage.StartAsync(replicas: 1);
        var topic = new ChangeTopics(ChangeTopics.DefaultPrefix).Bets;
        using var producer = new ProducerBuilder<byte[]?, byte[]?>(new ProducerConfig { BootstrapServers = stage.Stream.BootstrapServers }).Build();
        await SendAsync(1);
        await Deadline.UntilAsync("the first bet", Patience, async () => await stage.CountAsync("SELECT count() FROM bets_analytics") == 1);
        stage.Send(Signal.Stop);
        for (var change = 0; change < 5; change++)
        {
            await SendAsync(1);
        }
        if (stage.Stream is RealStream)
        {
            await SetAsync(stage, topic, ("cleanup.policy", "compact"), ("segment.ms", "1000"), ("min.cleanable.dirty.ratio", "0.001"));
            // A segment is closed, and cleaned then, when a record comes that is younger than it may be.
            await Deadline.UntilAsync("a compacted topic", Patience, async () =>
            {
                await SendAsync(++_bets);
                return Offsets(stage, topic) is [0, > 3, ..] or [> 3, ..];
            });
            await SetAsync(stage, topic, ("cleanup.policy", "delete"));
        }
        stage.Send(Signal.Continue);
        await SendAsync(2);
        await Deadline.UntilAsync("the last bet", Patience, async () => await stage.CountAsync("SELECT count() FROM bets_analytics WHERE bet_id = 2") == 1);

        Assert.Equal(stage.Stream is RealStream ? 1 : 0, await stage.CountAsync($"SELECT count() FROM holds WHERE id LIKE '{topic} 0 has no records from %'"));
        Assert.Empty(stage.Ended);

        async Task SendAsync(long bet)
        {
            var record = _made.Bet(bet, Made.Columns());
            await producer.ProduceAsync(new TopicPartition(topic, 0), new Message<byte[]?, byte[]?> { Key = record.Key, Value = record.Value });
        }
    }

    static async Task SetAsync(LiveStage stage, string topic, params (string Name, string Value)[] settings)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = stage.Stream.BootstrapServers }).Build();
        await admin.IncrementalAlterConfigsAsync(new Dictionary<ConfigResource, List<ConfigEntry>>
        {
            [new ConfigResource { Type = ResourceType.Topic, Name = topic }] =
                [.. settings.Select(each => new ConfigEntry { Name = each.Name, Value = each.Value, IncrementalOperation = AlterConfigOpType.Set })],
        });
    }

    /// <summary>Of the records that the partition has.</summary>
    static List<long> Offsets(LiveStage stage, string topic)
    {
        using var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig
        {
            BootstrapServers = stage.Stream.BootstrapServers,
            GroupId = "offsets",
            EnablePartitionEof = true,
            AutoOffsetReset = AutoOffsetReset.Earliest,
        }).Build();
        consumer.Assign(new TopicPartitionOffset(topic, 0, 0));
        var offsets = new List<long>();
        while (consumer.Consume(TimeSpan.FromSeconds(20)) is { IsPartitionEOF: false } consumed)
        {
            offsets.Add(consumed.Offset.Value);
        }
        return offsets;
    }
}
