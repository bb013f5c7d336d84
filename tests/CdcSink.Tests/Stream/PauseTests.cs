using Betting.Brokers;
using Betting.CdcSink;
using Betting.CdcSink.ClickHouse;
using Betting.CdcSink.Commit;
using Betting.CdcSink.Read;
using Betting.CdcSink.Rewind;
using Betting.Debezium;
using Betting.Hosting;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Xunit;

namespace Betting.Tests.CdcSink.Stream;

public sealed class PauseTests(Servers servers)
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    /// <summary>
    /// librdkafka keeps a partition paused that comes back after a rebalance: the sink read nothing more and said nothing.
    /// </summary>
    [Fact]
    public async Task What_was_paused_while_partitions_moved_is_read_again_afterwards()
    {
        await using var stream = await KafkaStream.CreateAsync(servers);
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var meters = services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>();
        using var store = new ChangeStore(sink.Client);
        var prefix = stream.Bets[..stream.Bets.IndexOf('.', StringComparison.Ordinal)];
        var kafka = new KafkaOptions { BootstrapServers = (await servers.KafkaAsync()).BootstrapServers };
        (kafka.Client["session.timeout.ms"], kafka.Client["heartbeat.interval.ms"], kafka.Client["fetch.wait.max.ms"]) = (
            "2000",
            "300",
            "10"
        );
        using var first = Consumer(kafka, prefix);
        first.Subscribe();
        await stream.SendAsync(Bets(0));
        var read = 0;
        await ReadAsync(first, () => read >= 30);

        first.Pause(true);
        using (var second = Consumer(kafka, prefix))
        {
            second.Subscribe();
            var others = 0;
            await stream.SendAsync(Bets(1));
            await Deadline.UntilAsync("the other's partitions", Limit, () =>
            {
                first.Poll();
                others += Records(second);
                return Task.FromResult(others > 0);
            });
            second.Close();
        }
        first.Pause(false);
        read = 0;
        await stream.SendAsync(Bets(2));
        // Nothing was committed, so all of it comes again.
        await ReadAsync(first, () => read >= 90);

        StreamConsumer Consumer(KafkaOptions kafka, string prefix)
        {
            var options = new CdcSinkOptions
            {
                TopicPrefix = prefix,
                Group = prefix,
                BatchAge = TimeSpan.FromMilliseconds(20),
            };
            var (clock, readiness, orders) = (TimeProvider.System, new Readiness(), new RewindStore(sink.Client));
            var outages = new Outages(new StoreFailures([]), readiness, meters, clock, NullLogger<Outages>.Instance);
            var watch = new RewindWatch(
                orders,
                options,
                sink.Outage(readiness),
                new Heartbeats(clock),
                clock,
                NullLogger<RewindWatch>.Instance
            );
            var progress = new ProgressStore(sink.Client, store, sink.Stores);
            var starts = new PartitionStarts(
                Options.Create(kafka),
                options,
                progress,
                new RecordedProgress(progress, clock, NullLogger<RecordedProgress>.Instance),
                new PartitionHolds(options, store, sink.Lost(options)),
                orders,
                watch,
                new StartMetrics(meters),
                readiness,
                outages,
                sink.Outage(readiness),
                clock,
                NullLogger<PartitionStarts>.Instance
            );
            return new StreamConsumer(
                kafka,
                options,
                sink.Metrics,
                starts,
                readiness,
                outages,
                new WorkerMetrics(meters, readiness),
                clock,
                NullLogger<StreamConsumer>.Instance
            )
            {
                Followed = new FollowedBets(FollowedIds.None, NullLogger<FollowedBets>.Instance),
                Finish = (last, _) =>
                {
                    last?.Dispose();
                    return true;
                },
            };
        }

        Task ReadAsync(StreamConsumer consumer, Func<bool> enough) => Deadline.UntilAsync("the records", Limit, () =>
            {
                consumer.Pause(false);
                read += Records(consumer);
                return Task.FromResult(enough());
            });
    }

    static int Records(StreamConsumer consumer)
    {
        consumer.Gather();
        using var batch = consumer.Take();
        return batch?.Records ?? 0;
    }

    static IEnumerable<StreamRecord> Bets(int round)
    {
        var made = new Made();
        return Enumerable.Range(1, 30).Select(n => made.Bet(round * 100 + n, Made.Columns(), partition: n % 3));
    }
}
