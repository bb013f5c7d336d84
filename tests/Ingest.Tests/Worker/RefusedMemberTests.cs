using System.Net;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;

namespace Betting.Tests.Ingest.Worker;

/// <summary>
/// The brokers answer, and the group does not take this member: a stranger is in it, with another way to share partitions.
/// </summary>
public sealed class RefusedMemberTests(Servers servers)
{
    const string Refused = "the group refuses this member (InconsistentGroupProtocol)",
        Back = "serves this worker again";

    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4),
        Long = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task It_is_an_outage_that_is_told_once_and_ends_when_the_member_has_joined()
    {
        await using var stage = await Stage.SetKafkaAsync(servers);
        BetCommand[] commands = [Given.Register(1)];
        await stage.Kafka.PublishAsync(Stage.Encoded(commands));
        await stage.Kafka.FailAsync("JoinGroup", "InconsistentGroupProtocol", 100_000);
        var worker = stage.Start();
        await Deadline.UntilAsync("readiness that names the group", Limit, async () =>
            (await worker.BodyAsync("/health/ready")).Contains(Refused, StringComparison.Ordinal)
        );
        await Deadline.UntilAsync("an outage of some seconds", Limit, async () =>
            await worker.MetricAsync("worker_store_away_seconds", "store=\"Kafka\"") > Long.TotalSeconds
        );
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await worker.StatusAsync("/health/ready"));
        Assert.Single(worker.Log.Split('\n'), line => line.Contains(Refused, StringComparison.Ordinal));
        Assert.DoesNotContain(Back, worker.Log, StringComparison.Ordinal);

        await stage.Kafka.ServeAsync("JoinGroup");
        await stage.AppliedAsync(commands);
        await worker.ReadyAsync();
        await Deadline.UntilAsync("the end of the outage", Limit, () =>
            Task.FromResult(worker.Log.Contains(Back, StringComparison.Ordinal))
        );
    }
}
