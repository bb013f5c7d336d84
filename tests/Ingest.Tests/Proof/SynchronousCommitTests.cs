using System.Diagnostics;
using System.Net;
using Betting.Contracts;
using Betting.Contracts.Commands;
using Betting.Ingest;
using Betting.Ingest.Postgres;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Betting.Tests.Ingest.Store;

namespace Betting.Tests.Ingest.Proof;

/// <summary>
/// Synchronous replication whose standby is away: nothing is acknowledged before a standby has it, whatever happens to the commit
/// meanwhile.
/// </summary>
public sealed class SynchronousCommitTests(Servers servers)
{
    const int Count = 30;

    // Longer than the worker's command timeout, after which Npgsql would send a cancel request.
    static readonly TimeSpan Long = TimeSpan.FromSeconds(13);

    [Theory]
    [InlineData(RabbitDoor.Door)]
    [InlineData(KafkaDoor.Door)]
    public async Task A_commit_waits_for_the_standby_beyond_every_limit_and_a_worker_that_stops_meanwhile_has_acknowledged_nothing(
        string door
    )
    {
        await using var pair = await ReplicatedPair.StartAsync(servers, $"long-wait-{door}", door);
        var commands = await WaitingAsync(pair);
        await pair.WaitingCommitAsync(Long);
        await pair.ToldAsync();
        Assert.Equal(HttpStatusCode.OK, await pair.Worker.StatusAsync("/health/live"));
        Assert.True(await pair.Worker.MetricAsync("worker_store_away_seconds", "store=\"PostgreSQL\"") > 0);
        Assert.Equal(0, await pair.Worker.MetricAsync("ingest_commands_total", "kind=\"deposit\""));

        var drain = Stopwatch.StartNew();
        Assert.Equal(0, await pair.Worker.StopAsync());

        Assert.True(drain.Elapsed < TimeSpan.FromSeconds(20), $"the drain took {drain.Elapsed}");
        if (door == RabbitDoor.Door)
        {
            await QueuedAsync(pair);
        }
        await FailOverAsync(pair, commands);
    }

    [Fact]
    public async Task When_the_standby_is_back_the_commit_ends_and_its_commands_are_acknowledged_once()
    {
        await using var pair = await ReplicatedPair.StartAsync(servers, "standby-back");
        var commands = await WaitingAsync(pair);
        await pair.WaitingCommitAsync(Long);
        await pair.ToldAsync();

        await pair.Standby.StartAsync();

        await pair.AppliedOnStandbyAsync(commands);
        await pair.Worker.ReadyAsync();
        await pair.NothingQueuedAsync();
        Assert.Equal(Count, await pair.Worker.MetricAsync("ingest_commands_total", "kind=\"deposit\"", "outcome=\"accepted\""));
        Assert.Single(pair.Worker.Log.Split('\n'), line => line.Contains(CommitWatch.WaitsForStandby, StringComparison.Ordinal));
        Assert.Equal((decimal)Count, await pair.OnStandbyAsync<decimal>("SELECT sum(balance) FROM wallets"));
    }

    [Theory]
    [InlineData("pg_cancel_backend")]
    [InlineData("pg_terminate_backend")]
    [InlineData("restart")]
    public async Task A_commit_that_ends_without_the_standby_is_not_acknowledged_and_its_duplicates_wait_for_the_standby_as_well(string end)
    {
        await using var pair = await ReplicatedPair.StartAsync(servers, $"ended-by-{end}");
        var commands = await WaitingAsync(pair);
        var session = await pair.WaitingCommitAsync();
        if (end == "restart")
        {
            await pair.Primary.StopAsync();
            await pair.Primary.StartAsync();
        }
        else
        {
            await pair.OnPrimaryAsync($"SELECT {end}({session})");
        }

        // Those of the first batch are in the journal now, on the primary alone, and are found there when they are tried again.
        await Deadline.UntilAsync("commands on the primary", TimeSpan.FromSeconds(30), async () => await JournalAsync(pair) > 1);
        await pair.WaitingCommitAsync(TimeSpan.FromSeconds(3));
        await pair.ToldAsync();
        await pair.Worker.KillAsync();

        await QueuedAsync(pair);
        await FailOverAsync(pair, commands);
    }

    // A user, and deposits of 1.00 whose commit waits for a standby that is away.
    static async Task<BetCommand[]> WaitingAsync(ReplicatedPair pair)
    {
        BetCommand[] deposits = [.. Enumerable.Range(0, Count).Select(_ => Given.Deposit(1_00))];
        BetCommand user = Given.Register();
        await pair.PublishAsync([user]);
        await pair.AppliedOnPrimaryAsync(1);
        await pair.MakeSynchronousAsync();
        await pair.Standby.KillAsync();
        await pair.PublishAsync(deposits);
        return [user, .. deposits];
    }

    static async Task<long> JournalAsync(ReplicatedPair pair)
    {
        try
        {
            return (long)(await pair.OnPrimaryAsync("SELECT count(*) FROM commands"))!;
        }
        catch (Npgsql.NpgsqlException)
        {
            // The restart has ended this connection.
            return 0;
        }
    }

    static Task QueuedAsync(ReplicatedPair pair) =>
        Deadline.UntilAsync("all messages in the queue", TimeSpan.FromSeconds(60), async () =>
            await pair.Stage.Rabbit.CountAsync(Topics.Commands) == Count
        );

    static async Task FailOverAsync(ReplicatedPair pair, BetCommand[] commands)
    {
        await pair.Primary.KillAsync();
        await pair.Standby.StartAsync();
        await pair.PromoteAsync();
        pair.Restart();

        await pair.AppliedOnStandbyAsync(commands);
        await pair.NothingQueuedAsync();
        Assert.Equal((decimal)Count, await pair.OnStandbyAsync<decimal>("SELECT sum(balance) FROM wallets"));
        await Invariants.HoldAsync(pair.StandbySource);
    }
}
