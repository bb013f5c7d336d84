using System.Net;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;

namespace Betting.Tests.Ingest.Worker;

/// <summary>The only broker in sync of a partition is away, and the brokers serve the others.</summary>
public sealed class LeaderlessPartitionTests(Servers servers)
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task Its_replica_is_not_ready_and_its_metrics_say_that_it_stands_while_other_partitions_are_read()
    {
        await using var stage = await Stage.SetKafkaAsync(servers, partitions: 2);
        BetCommand[] here = [Given.Register(1)],
            there = [Given.Register(2)],
            meanwhile = [Given.Register(3)];
        await stage.Kafka.PublishAsync(Stage.Encoded(here), 0);
        await stage.Kafka.PublishAsync(Stage.Encoded(there), 1);
        // The stand-in ends where a partition that is being fetched loses its leader, so it has lost it before.
        await stage.Kafka.LeadAsync(1, hasLeader: false);
        var worker = stage.Start("--Ingest:Doors=kafka");
        await stage.AppliedAsync(here);

        await Deadline.UntilAsync("readiness that says so", Limit, async () =>
            await worker.StatusAsync("/health/ready") != HttpStatusCode.OK
            && (await worker.BodyAsync("/health/ready")).Contains("no leader answers for bet-commands/1", StringComparison.Ordinal)
        );
        Assert.True(await worker.MetricAsync("ingest_kafka_partition_standing_seconds", "partition=\"1\"") > 0);
        Assert.True(await worker.MetricAsync("ingest_queue_standing_seconds", "door=\"kafka\"") > 0);
        await stage.Kafka.PublishAsync(Stage.Encoded(meanwhile), 0);
        await stage.AppliedAsync(meanwhile);

        await stage.Kafka.LeadAsync(1, hasLeader: true);
        await stage.AppliedAsync(there);
        await worker.ReadyAsync();
        Assert.Contains("no leader answers for bet-commands/1", worker.Log, StringComparison.Ordinal);
        Assert.Equal(0, await worker.StopAsync());
    }
}
