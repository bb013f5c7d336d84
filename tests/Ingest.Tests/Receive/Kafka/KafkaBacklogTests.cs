using Betting.Contracts;
using Betting.Ingest.Receive.Kafka;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Worker;
using Confluent.Kafka;

namespace Betting.Tests.Ingest.Receive.Kafka;

public sealed class KafkaBacklogTests(Servers servers)
{
    /// <summary>
    /// A worker that was stopped within a second of its start ended with 134: librdkafka aborts where a consumer is destroyed while
    /// another thread still asks the brokers over its connections.
    /// </summary>
    [Fact]
    public async Task A_question_to_the_brokers_has_ended_when_the_consumer_is_closed()
    {
        await using var stage = await Stage.SetAsync(servers);
        for (var round = 0; round < 30; round++)
        {
            using var consumer = new ConsumerBuilder<byte[]?, byte[]>(
                new ConsumerConfig { BootstrapServers = stage.Kafka.BootstrapServers, GroupId = $"backlog-{round}" }
            )
                .SetLogHandler((_, _) => { })
                .Build();
            var backlog = new KafkaBacklog(TimeProvider.System);
            backlog.Poll(consumer);
            if (round % 2 == 0)
            {
                consumer.Subscribe(Topics.Commands);
                consumer.Consume(TimeSpan.FromMilliseconds(10 * round));
            }

            backlog.Close();

            Assert.True(backlog.IsIdle);
            consumer.Close();
        }
    }

    [Fact]
    public void A_partition_that_is_not_told_keeps_what_waited_and_one_that_is_gone_does_not()
    {
        var backlog = new KafkaBacklog(TimeProvider.System);
        TopicPartition first = new(Topics.Commands, 0),
            second = new(Topics.Commands, 1);
        Assert.Equal(30, backlog.Measure(new() { [first] = new(true, 0, 10), [second] = new(true, 5, 25) }).Records);

        var untold = backlog.Measure(new() { [first] = new(true, 10, 10), [second] = default });
        Assert.Equal(20, untold.Records);
        Assert.Equal([1], untold.Standing.Keys);
        Assert.Equal([second], untold.Untold.Keys);

        var gone = backlog.Measure(new() { [first] = new(true, 10, 13) });
        Assert.Equal(3, gone.Records);
        Assert.Empty(gone.Untold);
        Assert.Equal([0], gone.Standing.Keys);
    }
}
