using Betting.CdcSink;
using Betting.CdcSink.Write;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Betting.Tests.CdcSink.Write;

/// <summary>A batch that waits for Kafka is not told as one that ClickHouse does not take.</summary>
public sealed class KafkaWaitTests(Servers servers)
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    readonly Made _made = new();

    [Fact]
    public async Task A_commit_that_no_broker_answers_leaves_the_condition_of_ClickHouse_alone()
    {
        await using var sink = await SinkUnderTest.CreateAsync(servers);
        var clock = new FakeTimeProvider();
        using var answered = new ManualResetEventSlim();
        sink.Progress.Commit = _ => answered.Wait(Limit);
        var patient = new RetryingBatchWriter(
            sink.Applier,
            new CdcSinkOptions(),
            sink.Metrics,
            sink.Readiness,
            sink.Outage(sink.Readiness),
            clock,
            NullLogger<RetryingBatchWriter>.Instance
        );

        var applying = Task.Run(() => sink.ApplyPatientlyAsync([_made.User(1)], patient: patient));
        await Deadline.UntilAsync("the commit", Limit, () => Task.FromResult(sink.Applier.WaitsForKafka));
        for (var second = 0; second < 60; second++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.False(applying.IsCompleted);
        Assert.DoesNotContain(
            RetryingBatchWriter.Condition,
            sink.Readiness.States.Where(state => !state.Value.Ready).Select(state => state.Key)
        );
        answered.Set();
        await applying.WaitAsync(Limit);
        Assert.False(sink.Applier.WaitsForKafka);
    }
}
