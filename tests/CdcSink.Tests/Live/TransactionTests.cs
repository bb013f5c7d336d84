using Betting.Contracts;
using Betting.Debezium;
using Betting.Local.Engines;
using Confluent.Kafka;
using Xunit;

namespace Betting.Tests.CdcSink.Live;

/// <summary>
/// Topics that a publisher writes in transactions, some of them aborted: their ends hold no record. The stand-in for Kafka keeps aborted
/// records, so nothing is aborted there.
/// </summary>
[Trait("Category", "real")]
public sealed class TransactionTests
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task Progress_rewinds_and_dead_letter_verbs_pass_over_markers_and_aborted_records()
    {
        await using var stage = await LiveStage.StartAsync(replicas: 1);
        var topics = new ChangeTopics(ChangeTopics.DefaultPrefix);
        var made = new Made();
        using var producer = new ProducerBuilder<byte[]?, byte[]?>(
            new ProducerConfig { BootstrapServers = stage.Stream.BootstrapServers, TransactionalId = "changes" }
        ).Build();
        producer.InitTransactions(Patience);
        await SendAsync(producer, topics.Bets, [made.Bet(1, Made.Columns()), made.Bet(2, Made.Columns())], commit: true);
        await SendAsync(producer, Topics.DeadLetter(topics.Bets), [made.Bet(3, Made.Columns())], commit: true);
        if (stage.Stream is RealStream)
        {
            await SendAsync(producer, topics.Bets, [made.Bet(8, Made.Columns()), made.Bet(9, Made.Columns())], commit: false);
            await SendAsync(producer, Topics.DeadLetter(topics.Bets), [made.Bet(9, Made.Columns())], commit: false);
        }
        var end = End(stage, topics.Bets);
        await Deadline.UntilAsync($"progress at {end}", Patience, async () => await ProgressAsync(stage, topics.Bets) == end);
        Assert.Equal(2, await stage.CountAsync("SELECT count() FROM bets_analytics"));

        // A place that no record stands at, and one from the beginning: both are read to an end that holds no record.
        Assert.Equal(0, await VerbAsync(stage, "rewind", "--to", "F/FFFFFFF8", "--table", "bets"));
        Assert.Equal(0, await VerbAsync(stage, "rewind", "--to", "beginning", "--table", "bets"));
        Assert.Equal(0, await VerbAsync(stage, "dead-letters", "list", "--table", "bets"));

        await SendAsync(producer, topics.Bets, [made.Bet(4, Made.Columns())], commit: true);
        end = End(stage, topics.Bets);
        await Deadline.UntilAsync($"progress at {end}", Patience, async () => await ProgressAsync(stage, topics.Bets) == end);
        Assert.Equal(3, await stage.CountAsync("SELECT count() FROM bets_analytics"));
        Assert.Empty(stage.Ended);
    }

    static async Task SendAsync(IProducer<byte[]?, byte[]?> producer, string topic, StreamRecord[] records, bool commit)
    {
        producer.BeginTransaction();
        foreach (var record in records)
        {
            await producer.ProduceAsync(
                new TopicPartition(topic, 0),
                new Message<byte[]?, byte[]?> { Key = record.Key, Value = record.Value }
            );
        }
        if (commit)
        {
            producer.CommitTransaction(Patience);
        }
        else
        {
            producer.AbortTransaction(Patience);
        }
    }

    static long End(LiveStage stage, string topic)
    {
        using var consumer = new ConsumerBuilder<byte[], byte[]>(
            new ConsumerConfig
            {
                BootstrapServers = stage.Stream.BootstrapServers,
                GroupId = "ends",
                IsolationLevel = IsolationLevel.ReadUncommitted,
            }
        ).Build();
        return consumer.QueryWatermarkOffsets(new TopicPartition(topic, 0), TimeSpan.FromSeconds(20)).High.Value;
    }

    static Task<long> ProgressAsync(LiveStage stage, string topic) =>
        stage.CountAsync($"SELECT max(next_offset) FROM sink_progress WHERE topic = '{topic}' AND partition = 0");

    static async Task<int> VerbAsync(LiveStage stage, params string[] arguments)
    {
        await using var verb = EngineProcess.Start(
            arguments[0],
            Installed.Own(
                "workers/CdcSink",
                "CdcSink",
                [
                    .. arguments,
                    $"--ClickHouse:ConnectionString={stage.ClickHouseConnection}",
                    $"--Kafka:BootstrapServers={stage.Stream.BootstrapServers}",
                ]
            ),
            Path.Combine(stage.Logs, $"{arguments[0]}.log")
        );
        Assert.True(await verb.ExitedWithinAsync(Patience), $"{string.Join(' ', arguments)} did not end");
        TestContext.Current.TestOutputHelper!.WriteLine(await File.ReadAllTextAsync(verb.LogFile));
        return verb.ExitCode;
    }
}
