using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;

namespace Betting.Tests.Ingest.Worker;

/// <summary>One of three brokers stands still: it coordinates the group and leads a partition that nobody else has.</summary>
[Trait("Category", "real")]
public sealed class LostCoordinatorTests(Servers servers)
{
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task Replicas_live_on_and_one_that_starts_is_given_partitions_and_all_is_applied_when_it_goes_on()
    {
        await using var stage = await Stage.SetKafkaAsync(servers, partitions: 3);
        await using var brokers = await ThreeBrokers.StartAsync(stage);
        BetCommand[] before = [.. Enumerable.Range(1, 3).Select(user => Given.Register(user))],
            meanwhile = [.. Enumerable.Range(4, 3).Select(user => Given.Register(user))];
        await PublishAsync(before, without: -1);
        // The stand-in ends where a partition that is being fetched loses its leader, so it has lost it before.
        var lost = brokers.IsReal ? -1 : await brokers.StopCoordinatorAsync();
        var first = stage.Start(brokers.Settings);
        await stage.AppliedAsync([.. before.Where((_, partition) => partition != lost)]);
        if (brokers.IsReal)
        {
            await first.ReadyAsync();
            lost = await brokers.StopCoordinatorAsync();
        }

        await Deadline.UntilAsync("readiness that says so", Limit, async () =>
            (await first.BodyAsync("/health/ready")).Contains($"no leader answers for bet-commands/{lost}", StringComparison.Ordinal)
        );
        var second = stage.Start(brokers.Settings);
        await Deadline.UntilAsync("the second one's partitions", Limit, () =>
            Task.FromResult(second.Log.Contains(" INF 110 ", StringComparison.Ordinal))
        );
        await PublishAsync(meanwhile, without: lost);
        await stage.AppliedAsync([.. before.Concat(meanwhile).Where((_, at) => at % 3 != lost)]);
        await brokers.ContinueAsync();
        await stage.AppliedAsync([.. before, .. meanwhile.Where((_, partition) => partition != lost)]);

        await first.ReadyAsync();
        await second.ReadyAsync();
        Assert.Equal(0, await first.StopAsync());
        Assert.Equal(0, await second.StopAsync());

        async Task PublishAsync(BetCommand[] commands, int without)
        {
            var bodies = Stage.Encoded(commands).ToArray();
            for (var partition = 0; partition < bodies.Length; partition++)
            {
                if (partition != without)
                {
                    await brokers.PublishAsync(bodies[partition], partition);
                }
            }
        }
    }
}
