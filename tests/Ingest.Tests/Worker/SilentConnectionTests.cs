using System.Net;
using Betting.Connections;
using Betting.Contracts.Commands;
using Betting.Ingest.DeadLetters;
using Betting.Local.Engines;
using Betting.Tests.Fixtures;
using Betting.Tests.Ingest.Decide;
using Npgsql;

namespace Betting.Tests.Ingest.Worker;

/// <summary>
/// Established connections to RabbitMQ carry nothing any more, and new ones work: a firewall or load balancer has lost its state.
/// </summary>
public sealed class SilentConnectionTests(Servers servers)
{
    // RabbitMQ closes a connection from which it has received nothing for three heartbeat intervals at most, 30 s. The rest is for a slow
    // machine.
    static readonly TimeSpan Unready = TimeSpan.FromSeconds(20),
        Applied = TimeSpan.FromSeconds(60);

    // From a consumer that is there to the outcomes of two commands. The watch is back some 15 s before a consumer that is not.
    static readonly TimeSpan Applying = TimeSpan.FromSeconds(8);

    // Of the watch's connection, which is made first, and of the consumer's.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Commands_are_applied_again_within_the_heartbeat_limit_and_the_replica_is_not_ready_before(int firstLost)
    {
        await using var stage = await Stage.SetAsync(servers);
        var rabbit = new Uri(stage.Settings[1].Split('=', 2)[1]);
        await using var wire = new CutWire(rabbit.Port);
        var worker = stage.Start("--Ingest:Doors=rabbitmq", $"--RabbitMq:Uri={new UriBuilder(rabbit) { Port = wire.Port }.Uri}");
        await worker.ReadyAsync();
        await PublishAsync(stage, [Given.Register(1)]);

        wire.Lose(firstLost);
        var lost = TimeProvider.System.GetTimestamp();
        await stage.Rabbit.PublishAsync(Stage.Encoded([Given.Register(2), Given.Deposit(10_00, 2)]));
        await NotReadyAsync(worker);
        long? saidWell = null;
        await Deadline.UntilAsync("the outcomes of both commands", Applied, async () =>
        {
            if (
                await worker.StatusAsync("/health/ready") == HttpStatusCode.OK
                || worker.Log.Contains(" serves this worker again", StringComparison.Ordinal)
            )
            {
                saidWell ??= TimeProvider.System.GetTimestamp();
            }
            return await stage.CountAsync("SELECT count(*) FROM commands") == 3;
        });
        var early = saidWell is { } since ? TimeProvider.System.GetElapsedTime(since) : TimeSpan.Zero;
        TestContext.Current.SendDiagnosticMessage($"applied after {TimeProvider.System.GetElapsedTime(lost).TotalSeconds:F1} s");
        await worker.ReadyAsync();

        Assert.True(early < Applying, $"it said that all was well {early.TotalSeconds:F1} s before it applied anything");
        Assert.Contains(" WRN 175 ", worker.Log, StringComparison.Ordinal);
        Assert.Contains(" serves this worker again", worker.Log, StringComparison.Ordinal);
        Assert.Equal(3, await stage.CountAsync("SELECT count(*) FROM commands WHERE outcome = 'accepted'"));
    }

    [Fact]
    public async Task A_large_message_over_a_slow_network_is_no_silence()
    {
        await using var stage = await Stage.SetAsync(servers);
        var rabbit = new Uri(stage.Settings[1].Split('=', 2)[1]);
        await using var wire = new CutWire(rabbit.Port);
        var worker = stage.Start("--Ingest:Doors=rabbitmq", $"--RabbitMq:Uri={new UriBuilder(rabbit) { Port = wire.Port }.Uri}");
        await worker.ReadyAsync();

        wire.BytesPerSecond = 1_000_000;
        await stage.Rabbit.PublishAsync([new byte[24_000_000], .. Stage.Encoded([Given.Register(1)])]);
        await stage.SomeAppliedAsync(1);

        Assert.DoesNotContain(" WRN 175 ", worker.Log, StringComparison.Ordinal);
        await Deadline.UntilAsync("the dead letter, over the same network", TimeSpan.FromMinutes(2), async () =>
            await stage.Rabbit.CountAsync(Rabbit.DeadLetters) == 1
        );
        Assert.DoesNotContain(" WRN 175 ", worker.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_replica_that_stands_by_gets_the_commands_and_the_one_with_the_dead_connection_is_ready_again_after_the_limit()
    {
        await using var stage = await Stage.SetAsync(servers);
        var rabbit = new Uri(stage.Settings[1].Split('=', 2)[1]);
        await using var wire = new CutWire(rabbit.Port);
        var first = stage.Start("--Ingest:Doors=rabbitmq", $"--RabbitMq:Uri={new UriBuilder(rabbit) { Port = wire.Port }.Uri}");
        await first.ReadyAsync();
        await PublishAsync(stage, [Given.Register(1)]);
        var second = stage.Start("--Ingest:Doors=rabbitmq");
        await second.ReadyAsync();

        wire.Lose();
        await stage.Rabbit.PublishAsync(Stage.Encoded([Given.Register(2), Given.Deposit(10_00, 2)]));
        await NotReadyAsync(first);
        await Deadline.UntilAsync("the outcomes of both commands", Applied, async () =>
            await stage.CountAsync("SELECT count(*) FROM commands") == 3
        );
        await first.ReadyAsync();

        Assert.Contains("other replicas stand by", second.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_that_only_waits_is_not_silent()
    {
        await using var stage = await Stage.SetAsync(servers);
        var worker = stage.Start("--Ingest:Doors=rabbitmq");
        await worker.ReadyAsync();
        var began = TimeProvider.System.GetTimestamp();

        var isAlwaysReady = true;
        await Deadline.UntilAsync("more than three heartbeats", Applied, async () =>
        {
            isAlwaysReady &= await worker.StatusAsync("/health/ready") == HttpStatusCode.OK;
            return TimeProvider.System.GetElapsedTime(began) > TimeSpan.FromSeconds(35);
        });
        await PublishAsync(stage, [Given.Register(1)]);

        Assert.True(isAlwaysReady);
        Assert.DoesNotContain(" WRN ", worker.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PostgreSQL_releases_the_lock_of_a_replay_whose_connection_is_lost()
    {
        var direct = new NpgsqlConnectionStringBuilder(await TestDatabase.CreateAsync(await servers.PostgresAsync()));
        await using var wire = new CutWire(direct.Port);
        var through = new NpgsqlConnectionStringBuilder(direct.ConnectionString) { Port = wire.Port };
        PostgresSessions.GiveUpLocks(through);
        await using var postgres = NpgsqlDataSource.Create(through);
        await using var lost = new LetterLock(postgres, TimeProvider.System);
        await lost.TakeAsync(TestContext.Current.CancellationToken);
        await using var other = NpgsqlDataSource.Create(direct);
        await using var next = new LetterLock(other, TimeProvider.System);

        wire.Lose();

        // PostgreSQL's keepalive finds it after 60 s; each attempt takes 10 s.
        await Deadline.UntilAsync("the lock", TimeSpan.FromSeconds(100), async () =>
        {
            await next.TakeAsync(TestContext.Current.CancellationToken);
            return true;
        });
    }

    static Task NotReadyAsync(IngestProcess worker) =>
        Deadline.UntilAsync("readiness that says so", Unready, async () => await worker.StatusAsync("/health/ready") != HttpStatusCode.OK);

    static async Task PublishAsync(Stage stage, BetCommand[] commands)
    {
        await stage.Rabbit.PublishAsync(Stage.Encoded(commands));
        await stage.AppliedAsync(commands);
    }
}
