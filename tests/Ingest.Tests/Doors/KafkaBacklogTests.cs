using Betting.Contracts;
using Betting.Ingest.Doors;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Worker;
using Confluent.Kafka;

namespace Betting.Tests.Ingest.Doors;

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
            using var consumer = new ConsumerBuilder<byte[]?, byte[]>(new ConsumerConfig { BootstrapServers = stage.Kafka.BootstrapServers, GroupId = $"backlog-{round}" })
                .SetLogHandler((_, _) => { }).Build();
            var backlog = new KafkaBacklog(TimeProvider.System);
            backlog.Look(consumer);
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
}
