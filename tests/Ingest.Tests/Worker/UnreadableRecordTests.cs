using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Confluent.Kafka;

namespace Betting.Tests.Ingest.Worker;

public sealed class UnreadableRecordTests(Servers servers)
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task A_batch_that_grows_beyond_the_clients_limit_when_it_is_unpacked_is_reported_until_an_operator_passes_over_it()
    {
        await using var stage = await Stage.SetKafkaAsync(servers);
        BetCommand[] before = [Given.Register(1)],
            behind = [Given.Register(2)];
        await stage.Kafka.PublishAsync(Stage.Encoded(before));
        var config = new ProducerConfig
        {
            BootstrapServers = stage.Kafka.BootstrapServers,
            CompressionType = CompressionType.Zstd,
            MessageMaxBytes = 1_000_000_000,
        };
        using (var producer = new ProducerBuilder<Null, byte[]>(config).SetLogHandler((_, _) => { }).Build())
        {
            await producer.ProduceAsync(
                new TopicPartition(Topics.Commands, 0),
                new Message<Null, byte[]> { Value = new byte[150_000_000] },
                TestContext.Current.CancellationToken
            );
        }
        await stage.Kafka.PublishAsync(Stage.Encoded(behind));

        var worker = stage.Start("--Ingest:Doors=kafka");
        await stage.AppliedAsync(before);
        await Deadline.UntilAsync("readiness that names the records", Limit, async () =>
            (await worker.BodyAsync("/health/ready")).Contains(
                "bet-commands/0: the records at offset 1 cannot be unpacked (Local_BadCompression)",
                StringComparison.Ordinal
            )
        );
        Assert.Single(worker.Log.Split('\n'), line =>
            line.Contains("bet-commands/0 stands: its records at offset 1 cannot be unpacked", StringComparison.Ordinal)
        );
        Assert.Equal(0, await worker.StopAsync());

        await stage.Kafka.DeleteRecordsAsync(Topics.Commands, 0, before: 2);
        worker = stage.Start("--Ingest:Doors=kafka", "--Ingest:LostOffset=Earliest");
        await stage.AppliedAsync(behind);
        await worker.ReadyAsync();
    }
}
