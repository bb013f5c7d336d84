using Betting.CdcSink;
using Betting.Contracts;
using Betting.Debezium;
using Betting.Local.Engines;
using Confluent.Kafka;
using Xunit;

namespace Betting.Tests.CdcSink.Live;

/// <summary>
/// Who owns partitions while the machine has far too little time for everybody: with REAL_KAFKA on real Kafka, else on the stand-in.
/// </summary>
[Trait("Category", "real")]
public sealed class OwnershipTests
{
    // Sessions last 6 s; the rest is for a machine on which each process gets a fraction of a processor.
    static readonly TimeSpan Bound = TimeSpan.FromSeconds(90),
        Patience = TimeSpan.FromMinutes(2);
    static readonly ChangeTopics Changes = new(ChangeTopics.DefaultPrefix);

    readonly Made _made = new();
    int _sent;

    [Fact]
    public async Task A_replica_that_is_killed_and_one_that_stands_still_have_a_successor_within_a_bounded_time_on_an_overloaded_machine()
    {
        await using var stage = await LiveStage.StartAsync(replicas: 2);
        using var producer = new ProducerBuilder<byte[]?, byte[]?>(
            new ProducerConfig { BootstrapServers = stage.Stream.BootstrapServers, EnableIdempotence = true }
        ).Build();
        await VisibleAsync(stage, producer, Patience);
        await stage.BothOwnAsync();
        await using var committed = new CommittedOffsets(stage.Stream.BootstrapServers, new CdcSinkOptions().Group, partitions: 3);
        using (new Overload())
        {
            await VisibleAsync(stage, producer, Patience);
            await stage.KillForGoodAsync();
            await VisibleAsync(stage, producer, Bound, "a replica was killed");

            await stage.AddReplicaAsync();
            stage.Send(Signal.Stop);
            await VisibleAsync(stage, producer, Bound, "a replica stood still");
            stage.Send(Signal.Continue);
            await stage.LostAsync();
            await VisibleAsync(stage, producer, Bound, "it was continued");
        }

        Assert.Empty(await committed.WentBackAsync());
        Assert.Empty(stage.Ended);
        Assert.Equal(_sent, await stage.CountAsync("SELECT count() FROM bets_analytics"));
        Assert.Equal(_sent, await stage.CountAsync("SELECT uniqExact(bet_id) FROM bets_analytics"));
    }

    /// <summary>Sends bets to each partition and waits until all are visible, for which each partition needs an owner that works.</summary>
    async Task VisibleAsync(LiveStage stage, IProducer<byte[]?, byte[]?> producer, TimeSpan limit, string? after = null)
    {
        List<StreamRecord> records = [.. Enumerable.Range(_sent + 1, 600).Select(id => _made.Bet(id, Made.Columns(), partition: id % 3))];
        _sent += records.Count;
        await Task.WhenAll(
            records.Select(record =>
                producer.ProduceAsync(
                    new TopicPartition(Changes.Bets, record.Partition),
                    new Message<byte[]?, byte[]?> { Key = record.Key, Value = record.Value }
                )
            )
        );
        var clock = TimeProvider.System;
        var start = clock.GetTimestamp();
        await Deadline.UntilAsync($"{_sent} bets{(after is null ? "" : " after " + after)}", limit, async () =>
            await stage.CountAsync("SELECT count() FROM bets_analytics") == _sent
        );
        if (after is not null)
        {
            TestContext.Current.TestOutputHelper!.WriteLine($"all visible {clock.GetElapsedTime(start).TotalSeconds:F1} s after {after}");
        }
    }
}
