using System.Diagnostics;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Store;
using Betting.Tests.Ingest.Worker;

namespace Betting.Tests.Ingest.Proof;

/// <summary>The primary dies while commands flow, and its standby takes over.</summary>
public sealed class FailoverTests(Servers servers)
{
    [Fact]
    public async Task Synchronous_nothing_that_was_acknowledged_is_lost()
    {
        await using var pair = await ReplicatedPair.StartAsync(servers, "synchronous");
        await pair.MakeSynchronousAsync();
        BetCommand[] commands = [.. Traffic.About(users: 20, events: 4, bets: 1500, seed: 21)];
        await pair.PublishAsync(commands);
        await pair.AppliedOnPrimaryAsync(commands.Length / 3);

        await pair.Primary.KillAsync();
        var down = Stopwatch.StartNew();
        await pair.PromoteAsync();
        var resumed = await pair.ResumedAfterAsync();
        await pair.AppliedOnStandbyAsync(commands);
        await pair.NothingQueuedAsync();

        TestContext.Current.TestOutputHelper!.WriteLine(
            $"promoted and taking batches {down.Elapsed.TotalSeconds:F1} s after the death, {resumed.TotalSeconds:F2} s after the promotion"
        );
        Assert.True(resumed < TimeSpan.FromSeconds(3), $"resumed {resumed} after the promotion");
        Assert.Equal(commands.Length + 1, await pair.OnStandbyAsync<long>("SELECT count(*) FROM commands"));
        await Invariants.HoldAsync(pair.StandbySource);
    }

    [Fact]
    public async Task Asynchronous_the_last_transactions_are_lost_whole_and_publishing_again_heals_them()
    {
        await using var pair = await ReplicatedPair.StartAsync(servers, "asynchronous");
        BetCommand[] commands = [.. Traffic.About(users: 20, events: 4, bets: 1000, seed: 22)];
        var half = commands.Length / 2;
        await pair.PublishAsync(commands[..half]);
        await pair.AppliedOnPrimaryAsync(half);
        await Deadline.UntilAsync("the standby to have it", TimeSpan.FromSeconds(20), async () =>
            await pair.OnStandbyAsync<long>("SELECT count(*) FROM commands") == half
        );
        // From here on the standby hears nothing.
        var sender = (int)(await pair.OnPrimaryAsync("SELECT pid FROM pg_stat_replication"))!;
        ProcessTree.Send(sender, "STOP");
        await pair.PublishAsync(commands[half..]);
        await pair.AppliedOnPrimaryAsync(commands.Length);
        await pair.NothingQueuedAsync();

        var death = pair.Primary.KillAsync();
        ProcessTree.Send(sender, "KILL");
        await death;
        await pair.PromoteAsync();
        await pair.ResumedAfterAsync();

        var kept = await pair.OnStandbyAsync<long>("SELECT count(*) FROM commands") - 1;
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{commands.Length - kept} of {commands.Length} acknowledged commands were lost with the primary"
        );
        Assert.True(kept < commands.Length, "nothing was lost, so nothing is shown");
        await Invariants.HoldAsync(pair.StandbySource);
        await pair.PublishAsync(commands);
        await pair.AppliedOnStandbyAsync(commands);
        await pair.NothingQueuedAsync();
        Assert.Equal(commands.Length + 1, await pair.OnStandbyAsync<long>("SELECT count(*) FROM commands"));
        await Invariants.HoldAsync(pair.StandbySource);
    }

    [Fact]
    public async Task A_former_primary_that_is_started_again_is_told_nothing()
    {
        const string Journal = "SELECT count(*) FROM commands",
            Line = "a former primary was started again";
        await using var pair = await ReplicatedPair.StartAsync(servers, "former");
        BetCommand[] commands = [.. Traffic.About(users: 5, events: 2, bets: 100, seed: 23)];
        await pair.PublishAsync(commands);
        await pair.AppliedOnPrimaryAsync(commands.Length);
        await Deadline.UntilAsync("the standby to have it", TimeSpan.FromSeconds(20), async () =>
            await pair.OnStandbyAsync<long>(Journal) >= commands.Length
        );
        await pair.Primary.KillAsync();
        await pair.PromoteAsync();
        await pair.ResumedAfterAsync();

        // As the boot of its machine does. It stands before the other one in the list of hosts.
        await pair.Primary.StartAsync();
        pair.Stage.Postgres.Clear();
        var left = await pair.OnPrimaryAsync(Journal);
        await ToldNothingAsync(pair.Worker);
        // A worker that has seen neither before.
        Assert.Equal(0, await pair.Worker.StopAsync());
        pair.Restart();
        await ToldNothingAsync(pair.Worker);
        Assert.Equal(left, await pair.OnPrimaryAsync(Journal));
        await Invariants.HoldAsync(pair.StandbySource);

        Task ToldNothingAsync(IngestProcess worker) => Deadline.UntilAsync("the line", TimeSpan.FromSeconds(60), async () =>
            {
                BetCommand[] more = [Decide.Given.Deposit(1)];
                await pair.PublishAsync(more);
                await pair.AppliedOnStandbyAsync(more);
                return worker.Log.Contains(Line, StringComparison.Ordinal);
            });
    }
}
