using System.Diagnostics.Metrics;
using Betting.CdcSink;
using Betting.CdcSink.Lag;
using Betting.Connections;
using Betting.Contracts;
using Betting.Hosting;
using Betting.Local.Engines;
using Betting.Tests.CdcSink.Stream;
using Betting.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Xunit;

namespace Betting.Tests.CdcSink.Lag;

/// <summary>Looks at real topics and the real engine, while no worker reads: what a partition without an owner shows.</summary>
public sealed class LagLoopTests(Servers servers)
{
    [Fact]
    public async Task A_partition_that_nobody_reads_is_seen_and_data_as_of_does_not_go_on_without_it()
    {
        using var sink = await SinkUnderTest.CreateAsync(servers);
        await using var stream = await KafkaStream.CreateAsync(servers);
        var topics = new ChangeTopics(stream.Prefix);
        var made = new Made();
        await stream.SendAsync(Enumerable.Range(0, 10).Select(id => made.Bet(id, Made.Columns(), partition: 1)));
        await ProgressAsync(sink, topics.Bets, 1, next: 10, committed: "2026-01-01 00:00:00");
        await ProgressAsync(sink, topics.Heartbeats, 0, next: 1, committed: "2026-01-01 01:00:00");
        await using var lag = await LagAsync(sink, stream);

        await lag.Loop.LookAsync(CancellationToken.None);
        Assert.Equal((0, 0), (Backlog(lag, topics, "records"), Backlog(lag, topics, "age")));
        Assert.Equal(["2026-01-01 01:00:00.000000"], await AsOfAsync(sink));
        Assert.InRange(lag.Readings.Of("cdcsink.source.silent")!.Value, 0, 300);

        await stream.SendAsync(Enumerable.Range(0, 5).Select(id => made.Bet(id, Made.Columns(), partition: 1)));
        // A first look may fall into the millisecond in which they were written; an end is recorded when nobody moved between looks.
        var looks = 0;
        await Deadline.UntilAsync("an age", TimeSpan.FromMinutes(1), async () =>
        {
            await lag.Loop.LookAsync(CancellationToken.None);
            return ++looks >= 3 && Backlog(lag, topics, "age") > 0;
        });
        Assert.Equal(5, Backlog(lag, topics, "records"));
        Assert.InRange(Backlog(lag, topics, "age")!.Value, 0.001, 300);
        // The heartbeats of others no longer speak for it.
        Assert.Equal(["2026-01-01 00:00:00.000000"], await AsOfAsync(sink));
        Assert.Equal(["15"], await sink.QueryAsync("SELECT end_offset FROM sink_progress FINAL WHERE partition = 1"));

        // Whoever reads it then is not held up by what was recorded.
        await ProgressAsync(sink, topics.Bets, 1, next: 15, committed: "2026-01-01 00:30:00");
        await lag.Loop.LookAsync(CancellationToken.None);
        Assert.Equal((0, 0), (Backlog(lag, topics, "records"), Backlog(lag, topics, "age")));
        Assert.Equal(["2026-01-01 01:00:00.000000"], await AsOfAsync(sink));
        Assert.True(lag.Readings.Of("cdcsink.parts", "table=sink_progress") > 0);
        Assert.True(lag.Readings.Of("cdcsink.parts.fullest", "table=sink_progress") > 0);
    }

    static Task<List<string>> AsOfAsync(SinkUnderTest sink) => sink.QueryAsync("SELECT toString(data_as_of) FROM data_as_of");

    static double? Backlog(Looking lag, ChangeTopics topics, string of) => lag.Readings.Of("cdcsink.backlog." + of, $"topic={topics.Bets},partition=1");

    static Task<int> ProgressAsync(SinkUnderTest sink, string topic, int partition, long next, string committed) => sink.Client.ExecuteNonQueryAsync(
        $"INSERT INTO sink_progress (topic, partition, next_offset, end_offset, version, committed_at, recorded_at) VALUES ('{topic}', {partition}, {next}, {next}, 1, '{committed}', now64(6))");

    async Task<Looking> LagAsync(SinkUnderTest sink, KafkaStream stream)
    {
        var kafka = Options.Create(new KafkaOptions { BootstrapServers = (await servers.KafkaAsync()).BootstrapServers });
        var options = new CdcSinkOptions { TopicPrefix = stream.Prefix };
        var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var meters = services.GetRequiredService<IMeterFactory>();
        var state = new LagState(TimeProvider.System);
        var readings = new Readings(meters);
        var ends = new TopicEnds(kafka, options, TimeProvider.System);
        var loop = new LagLoop(state, new LagMetrics(meters, state), ends, new VisibleStore(sink.Client), options, new Heartbeats(TimeProvider.System), TimeProvider.System, NullLogger<LagLoop>.Instance);
        return new Looking(loop, readings, ends, services);
    }

    sealed record Looking(LagLoop Loop, Readings Readings, TopicEnds Ends, ServiceProvider Services) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            Readings.Dispose();
            Ends.Dispose();
            return Services.DisposeAsync();
        }
    }
}
