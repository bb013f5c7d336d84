using Betting.CdcSink;
using Betting.CdcSink.Consume;
using Betting.Connections;
using Betting.Debezium;
using Betting.Hosting;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Betting.Tests.CdcSink.Stream;

public sealed class PauseTests(Servers servers)
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>librdkafka keeps a partition paused that comes back after a rebalance: the sink read nothing more and said nothing.</summary>
    [Fact]
    public async Task What_was_paused_while_partitions_moved_is_read_again_afterwards()
    {
        await using var stream = await KafkaStream.CreateAsync(servers);
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var metrics = new CdcSinkMetrics(services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>());
        var prefix = stream.Bets[..stream.Bets.IndexOf('.', StringComparison.Ordinal)];
        var kafka = new KafkaOptions { BootstrapServers = (await servers.KafkaAsync()).BootstrapServers };
        (kafka.Client["session.timeout.ms"], kafka.Client["heartbeat.interval.ms"], kafka.Client["fetch.wait.max.ms"]) = ("2000", "300", "10");
        using var first = Consumer(kafka, prefix, metrics);
        first.Subscribe();
        await stream.SendAsync(Bets(0));
        var read = 0;
        await ReadAsync(first, () => read >= 30);

        first.Pause(true);
        using (var second = Consumer(kafka, prefix, metrics))
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

        Task ReadAsync(StreamConsumer consumer, Func<bool> enough) => Deadline.UntilAsync("the records", Limit, () =>
        {
            consumer.Pause(false);
            read += Records(consumer);
            return Task.FromResult(enough());
        });
    }

    static int Records(StreamConsumer consumer)
    {
        using var batch = consumer.Read();
        return batch?.Records ?? 0;
    }

    static IEnumerable<StreamRecord> Bets(int round)
    {
        var made = new Made();
        return Enumerable.Range(0, 30).Select(n => made.Bet(round * 100 + n, Made.Columns(), partition: n % 3));
    }

    static StreamConsumer Consumer(KafkaOptions kafka, string prefix, CdcSinkMetrics metrics) =>
        new(kafka, new CdcSinkOptions { TopicPrefix = prefix, Group = prefix, BatchAge = TimeSpan.FromMilliseconds(20) }, metrics, new Readiness(), TimeProvider.System, NullLogger<StreamConsumer>.Instance)
        {
            Finish = (last, _) =>
            {
                last?.Dispose();
                return true;
            },
        };
}
