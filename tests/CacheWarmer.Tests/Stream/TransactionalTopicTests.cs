using System.Diagnostics.Metrics;
using System.Text;
using Betting.Brokers;
using Betting.CacheWarmer;
using Betting.CacheWarmer.Stream;
using Betting.Contracts;
using Betting.Hosting;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Betting.Tests.CacheWarmer.Stream;

/// <summary>
/// A topic written in transactions ends with markers, which are no records: the stream is at its end all the same, also after a restart.
/// On the broker of KAFKA_BOOTSTRAP where one is given, else on a stand-in of its own, which writes no markers: the group's name is fixed,
/// so members of other tests on a shared broker would take partitions from it.
/// </summary>
[Trait("Category", "real")]
public sealed class TransactionalTopicTests(Servers servers) : IAsyncDisposable
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    readonly KafkaServer _own = new(Path.Combine(servers.Folder, "own-kafka"), FreePort.Take());

    [Fact]
    public async Task The_end_is_reached_behind_markers_and_aborted_records_and_stays_reached_after_a_restart()
    {
        var prefix = $"t{Guid.NewGuid():N}";
        var topics = new ChangeTopics(prefix);
        var (bootstrap, isReal) = await BrokerAsync(topics);
        using var producer = new ProducerBuilder<byte[]?, byte[]?>(
            new ProducerConfig { BootstrapServers = bootstrap, TransactionalId = prefix }
        ).Build();
        producer.InitTransactions(Limit);
        await SendAsync(producer, topics.Bets, 3, commit: true);
        if (isReal)
        {
            await SendAsync(producer, topics.Bets, 2, commit: false);
        }

        var partition = new TopicPartition(topics.Bets, 0);
        using (var first = Stream(bootstrap, prefix))
        {
            Assert.Equal(3, await ReadToEndAsync(first, partition));
        }
        using (var second = Stream(bootstrap, prefix))
        {
            Assert.Equal(0, await ReadToEndAsync(second, partition));
        }
    }

    static async Task<int> ReadToEndAsync(ChangeStream stream, TopicPartition partition)
    {
        var records = 0;
        stream.Subscribe();
        await Deadline.UntilAsync("the end of the partition", Limit, () =>
        {
            var batch = stream.Next(100, TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(10), TimeProvider.System);
            records += batch.Count;
            stream.Done(batch);
            return Task.FromResult(stream.AssignedBets.Contains(partition) && stream.IsAtEnd(partition));
        });
        return records;
    }

    static ChangeStream Stream(string bootstrap, string prefix)
    {
        var (kafka, readiness, clock) = (new KafkaOptions { BootstrapServers = bootstrap }, new Readiness(), TimeProvider.System);
        var meters = new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>();
        var outages = new Outages(new StoreFailures([]), readiness, meters, clock, NullLogger<Outages>.Instance);
        return new ChangeStream(
            Options.Create(kafka),
            Options.Create(new CacheWarmerOptions { TopicPrefix = prefix }),
            readiness,
            outages,
            new WorkerMetrics(meters, readiness),
            clock,
            NullLogger<ChangeStream>.Instance
        );
    }

    static async Task SendAsync(IProducer<byte[]?, byte[]?> producer, string topic, int records, bool commit)
    {
        producer.BeginTransaction();
        for (var record = 0; record < records; record++)
        {
            await producer.ProduceAsync(
                new TopicPartition(topic, 0),
                new Message<byte[]?, byte[]?> { Value = Encoding.UTF8.GetBytes("{}") }
            );
        }
        if (commit)
        {
            producer.CommitTransaction(Limit);
        }
        else
        {
            producer.AbortTransaction(Limit);
        }
    }

    async Task<(string Bootstrap, bool IsReal)> BrokerAsync(ChangeTopics topics)
    {
        if (Environment.GetEnvironmentVariable("KAFKA_BOOTSTRAP") is { Length: > 0 } given)
        {
            using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = given }).Build();
            await admin.CreateTopicsAsync([
                new TopicSpecification { Name = topics.Bets, NumPartitions = 1 },
                new TopicSpecification { Name = topics.Events, NumPartitions = 1 },
            ]);
            return (given, true);
        }
        await _own.StartAsync();
        await _own.CreateTopicAsync(topics.Bets, 1);
        await _own.CreateTopicAsync(topics.Events, 1);
        return (_own.BootstrapServers, false);
    }

    public ValueTask DisposeAsync() => _own.DisposeAsync();
}
