using System.Globalization;
using System.Net;
using Betting.Contracts.Commands;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Betting.Tests.Ingest.Store;
using Betting.Tests.Ingest.Worker;
using Npgsql;

namespace Betting.Tests.Ingest.Proof;

/// <summary>One of several hosts answers nothing, or does not even take connections: the usual reason for a failover.</summary>
public sealed class SilentHostTests(Servers servers)
{
    [Fact]
    public async Task A_former_primary_is_left_within_seconds_and_holds_nothing_up_when_it_falls_silent()
    {
        await using var pair = await ReplicatedPair.StartAsync(servers, "silent-former");
        await pair.PublishAsync([Given.Register(1)]);
        await pair.AppliedOnPrimaryAsync(1);
        await pair.PromoteAsync();
        // The former primary lives and takes commands. What it takes from now on is lost.
        var left = TimeProvider.System.GetTimestamp();
        await Deadline.UntilAsync("a command on the new primary", TimeSpan.FromSeconds(10), async () =>
        {
            await pair.PublishAsync([Given.Schedule(7)]);
            return await pair.OnStandbyAsync<long>("SELECT count(*) FROM commands WHERE kind = 'schedule-event'") > 0;
        });
        Write($"the former primary was left {Since(left):F1} s after the promotion");

        ProcessTree.Send(pair.Primary.ProcessId, "STOP");
        try
        {
            await AppliedAtOnceAsync(pair, pair.Worker);
            Assert.DoesNotContain(" does not serve this worker", pair.Worker.Log, StringComparison.Ordinal);
            // A worker that has seen neither before.
            Assert.Equal(0, await pair.Worker.StopAsync());
            var began = TimeProvider.System.GetTimestamp();
            pair.Restart();
            await pair.Worker.ReadyAsync();
            Write($"ready {Since(began):F1} s after the start");
            await AppliedAtOnceAsync(pair, pair.Worker);
        }
        finally
        {
            ProcessTree.Send(pair.Primary.ProcessId, "CONT");
        }
    }

    [Fact]
    public async Task A_primary_that_falls_silent_is_named_and_left_when_its_standby_is_promoted()
    {
        await using var pair = await ReplicatedPair.StartAsync(servers, "silent-primary");
        BetCommand[] before = [.. Traffic.About(users: 10, events: 2, bets: 300, seed: 31)];
        BetCommand[] after = [.. Traffic.About(users: 10, events: 2, bets: 300, seed: 32)];
        await pair.PublishAsync(before);
        await pair.AppliedOnPrimaryAsync(before.Length / 3);

        ProcessTree.Send(pair.Primary.ProcessId, "STOP");
        try
        {
            var silent = string.Create(
                CultureInfo.InvariantCulture,
                $"127.0.0.1:{pair.Primary.Port} (no answer in 3 s), 127.0.0.1:{pair.Standby.Port} (standby)"
            );
            await Deadline.UntilAsync("readiness that names the host", TimeSpan.FromSeconds(60), async () =>
            {
                Assert.Contains(silent, await pair.Worker.BodyAsync("/health/ready"), StringComparison.Ordinal);
                return true;
            });
            await Deadline.UntilAsync("event 10 that names the host", TimeSpan.FromSeconds(90), () =>
                Task.FromResult(pair.Worker.Log.Contains($"PostgreSQL at {silent} does not serve this worker", StringComparison.Ordinal))
            );
            await pair.PromoteAsync();
            Write($"taking batches {(await pair.ResumedAfterAsync()).TotalSeconds:F1} s after the promotion");
            await pair.PublishAsync(after);
            await pair.AppliedOnStandbyAsync(after);
            await pair.Worker.ReadyAsync();
            await AppliedAtOnceAsync(pair, pair.Worker);
        }
        finally
        {
            ProcessTree.Send(pair.Primary.ProcessId, "CONT");
        }
        await Invariants.HoldAsync(pair.StandbySource);
    }

    [Fact]
    public async Task A_worker_that_starts_while_the_first_host_takes_no_connection_is_ready_soon_and_stays_ready()
    {
        using var silent = new SilentHost();
        await using var stage = await Stage.SetAsync(servers);
        var began = TimeProvider.System.GetTimestamp();
        var postgres = new NpgsqlConnectionStringBuilder(stage.Postgres.ConnectionString);
        postgres.Host = $"127.0.0.1:{silent.Port},127.0.0.1:{postgres.Port}";
        postgres.Username = "ingest";
        postgres.TargetSessionAttributes = "read-write";
        var worker = stage.Start($"--Postgres:ConnectionString={postgres}", "--Ingest:Doors=rabbitmq");
        await worker.ReadyAsync();
        for (var round = 1; round <= 20; round++)
        {
            await stage.Rabbit.PublishAsync(Stage.Encoded([Given.Register(round)]));
            await Deadline.UntilAsync("a command's outcome", TimeSpan.FromSeconds(round == 1 ? 10 : 3), async () =>
            {
                Assert.Equal(HttpStatusCode.OK, await worker.StatusAsync("/health/ready"));
                return await stage.CountAsync("SELECT count(*) FROM commands") == round;
            });
        }
        Write($"20 commands one after the other {Since(began):F1} s after the start");
        Assert.DoesNotContain(" does not serve this worker", worker.Log, StringComparison.Ordinal);
        Assert.Contains($"PostgreSQL at 127.0.0.1:{postgres.Port} gets this worker's sessions", worker.Log, StringComparison.Ordinal);
    }

    // One after the other: each waits for a session.
    static async Task AppliedAtOnceAsync(ReplicatedPair pair, IngestProcess worker)
    {
        var began = TimeProvider.System.GetTimestamp();
        for (var round = 0; round < 30; round++)
        {
            BetCommand[] one = [Given.Schedule(1_000 + round)];
            await pair.PublishAsync(one);
            await pair.AppliedOnStandbyAsync(one);
            Assert.Equal(HttpStatusCode.OK, await worker.StatusAsync("/health/ready"));
        }
        Write($"30 commands one after the other in {Since(began):F1} s");
        Assert.True(Since(began) < 20, $"30 commands took {Since(began):F1} s");
    }

    static double Since(long moment) => TimeProvider.System.GetElapsedTime(moment).TotalSeconds;

    static void Write(string line) => TestContext.Current.TestOutputHelper!.WriteLine(line);
}
