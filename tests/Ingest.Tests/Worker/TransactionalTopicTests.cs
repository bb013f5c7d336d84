using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Confluent.Kafka;

namespace Betting.Tests.Ingest.Worker;

/// <summary>
/// A publisher that writes commands in transactions, some of them aborted: the topic ends with markers, which are no records. On a Kafka of
/// its own where REAL_KAFKA names the tools, else on the stand-in, which writes no markers and keeps what was aborted.
/// </summary>
[Trait("Category", "real")]
public sealed class TransactionalTopicTests(Servers servers)
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);
    static readonly TopicPartition Commands = new(Topics.Commands, 0);

    [Fact]
    public async Task The_group_reaches_the_end_behind_markers_and_a_retention_that_takes_them_is_no_loss()
    {
        await using var stage = await Stage.SetKafkaAsync(servers);
        await using var broker = await OwnBroker.StartAsync(stage);
        using var producer = new ProducerBuilder<Null, byte[]>(
            new ProducerConfig { BootstrapServers = broker.Bootstrap, TransactionalId = "publisher" }
        ).Build();
        producer.InitTransactions(Limit);
        BetCommand[] committed = [Given.Register(1), Given.Register(2), Given.Register(3)];
        await PublishAsync(producer, committed, commit: true);
        if (broker.IsReal)
        {
            await PublishAsync(producer, [Given.Register(8), Given.Register(9)], commit: false);
        }

        // A real broker takes no session below its group.min.session.timeout.ms, 6 s by default.
        string[] settings =
        [
            "--Ingest:Doors=kafka",
            $"--Kafka:BootstrapServers={broker.Bootstrap}",
            $"--Kafka:Client:session.timeout.ms={(broker.IsReal ? 6000 : 1500)}",
        ];
        var worker = stage.Start(settings);
        await stage.AppliedAsync(committed);
        var end = broker.End();
        await Deadline.UntilAsync($"the group at {end}", Limit, () => Task.FromResult(broker.Committed() == end));
        await Deadline.UntilAsync("an empty queue", Limit, async () =>
            await worker.MetricAsync("ingest_queue_depth", "door=\"kafka\"") == 0
        );
        Assert.Equal(0, await worker.StopAsync());
        Assert.Equal(3, await stage.CountAsync("SELECT count(*) FROM commands"));

        await broker.DeleteRecordsAsync(end);
        var next = stage.Start(settings);
        BetCommand[] later = [Given.Register(4)];
        await PublishAsync(producer, later, commit: true);
        await stage.AppliedAsync(later);
        await next.ReadyAsync();
        Assert.Equal(0, await next.MetricAsync("ingest_kafka_offsets_lost_total"));
    }

    [Fact]
    public async Task What_waits_behind_an_open_transaction_is_counted_and_its_end_lets_it_through()
    {
        await using var stage = await Stage.SetKafkaAsync(servers);
        await using var broker = await OwnBroker.StartAsync(stage);
        using var open = new ProducerBuilder<Null, byte[]>(
            new ProducerConfig { BootstrapServers = broker.Bootstrap, TransactionalId = "open" }
        ).Build();
        using var others = new ProducerBuilder<Null, byte[]>(new ProducerConfig { BootstrapServers = broker.Bootstrap }).Build();
        open.InitTransactions(Limit);
        var worker = stage.Start(
            "--Ingest:Doors=kafka",
            $"--Kafka:BootstrapServers={broker.Bootstrap}",
            "--Kafka:Client:session.timeout.ms=6000"
        );
        BetCommand[] before = [Given.Register(1)],
            held = [Given.Register(2)],
            behind = [Given.Register(3), Given.Register(4)];
        await PublishAsync(open, before, commit: true);
        await stage.AppliedAsync(before);
        await WaitingAsync("nothing", (depth, age) => depth == 0 && age == 0);

        // The stand-in shows what is not committed: there the partition stands still because its leader gives nothing.
        await (broker.IsReal ? Task.CompletedTask : stage.Kafka.FailAsync("Fetch", "KafkaStorageError", 10_000));
        open.BeginTransaction();
        await ProduceAsync(open, held);
        await ProduceAsync(others, behind);
        await WaitingAsync("three for 5 s", (depth, age) => depth == 3 && age > 5);
        Assert.Equal(1, await stage.CountAsync("SELECT count(*) FROM commands"));

        open.CommitTransaction(Limit);
        await (broker.IsReal ? Task.CompletedTask : stage.Kafka.ServeAsync("Fetch"));
        await stage.AppliedAsync([.. held, .. behind]);
        await WaitingAsync("nothing", (depth, age) => depth == 0 && age == 0);

        Task WaitingAsync(string what, Func<double, double, bool> holds) =>
            Deadline.UntilAsync($"{what} in the queue", Limit, async () =>
                holds(
                    await worker.MetricAsync("ingest_queue_depth", "door=\"kafka\""),
                    await worker.MetricAsync("ingest_queue_standing_seconds", "door=\"kafka\"")
                )
            );
    }

    [Fact]
    public async Task A_look_at_letters_behind_an_open_transaction_does_not_call_them_absent()
    {
        await using var stage = await Stage.SetKafkaAsync(servers);
        await using var broker = await OwnBroker.StartAsync(stage);
        using var open = new ProducerBuilder<Null, byte[]>(
            new ProducerConfig { BootstrapServers = broker.Bootstrap, TransactionalId = "letters" }
        ).Build();
        open.InitTransactions(Limit);
        open.BeginTransaction();
        var letter = new Message<Null, byte[]>
        {
            Value = "no command"u8.ToArray(),
            Headers = new() { { "dead-letter-from", "bet-commands/0@7"u8.ToArray() } },
        };
        await open.ProduceAsync(new TopicPartition(Topics.DeadLetter(Topics.Commands), 0), letter);

        // The stand-in shows what is not committed.
        var (code, output) = await ListAsync();
        Assert.True(code == (broker.IsReal ? 2 : 0), output);
        Assert.Contains(broker.IsReal ? "open transaction at offset 0" : "kafka: 1 letters", output, StringComparison.Ordinal);

        open.CommitTransaction(Limit);
        (code, output) = await ListAsync();
        Assert.True(code == 0, output);
        Assert.Contains("kafka: 1 letters", output, StringComparison.Ordinal);

        Task<(int ExitCode, string Output)> ListAsync() =>
            IngestProcess.RunAsync(
                stage.Folder,
                ["dead-letters", "list", "--door", "kafka", .. stage.Settings[..1], $"--Kafka:BootstrapServers={broker.Bootstrap}"]
            );
    }

    static async Task PublishAsync(IProducer<Null, byte[]> producer, BetCommand[] commands, bool commit)
    {
        producer.BeginTransaction();
        await ProduceAsync(producer, commands);
        if (commit)
        {
            producer.CommitTransaction(Limit);
        }
        else
        {
            producer.AbortTransaction(Limit);
        }
    }

    static async Task ProduceAsync(IProducer<Null, byte[]> producer, BetCommand[] commands)
    {
        foreach (var body in Stage.Encoded(commands))
        {
            await producer.ProduceAsync(Commands, new Message<Null, byte[]> { Value = body });
        }
    }
}
